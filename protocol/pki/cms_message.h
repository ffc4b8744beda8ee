#pragma once

#include <optional>
#include <span>

#include "protocol/pki/cms.h"
#include "protocol/pki/openssl.h"

// Private to protocol/pki: a CMS message between its parsing and its verification, where SCEP reads
// and adds signed attributes.
namespace reveille::pki {

// A whole ContentInfo whose type is `type_nid`. Errors: malformed.
Result<CmsPointer> parse_content_info(BytesView cms, int type_nid);

// Borrowed from `cms`, which is SignedData. Errors: malformed, unless there is exactly one.
Result<CMS_SignerInfo*> only_signer(CMS_ContentInfo* cms);

// The content that came with a SignedData, borrowed from it; nullopt when it was left out.
std::optional<BytesView> embedded_content(CMS_ContentInfo* cms);

// Verifies the one signature over `content`, as the contract of verify_attached() has it, and
// returns the signer.
Result<Certificate> verify_signature(CMS_ContentInfo* cms, BytesView content,
                                     std::span<const Certificate> extra_certificates);

// A SignedData that has its signer, and waits for its content.
struct SignatureDraft {
  CmsPointer cms;
  CMS_SignerInfo* signer;  // borrowed from cms: signed attributes may be added to it
};

enum class Content { attached, detached };

// Errors: malformed (the key is not the certificate's).
Result<SignatureDraft> start_signature(const Certificate& signer, const PrivateKey& key,
                                       std::span<const Certificate> chain, Content content);

// Hashes, signs and encodes. Errors: unavailable.
Result<Bytes> finish_signature(const SignatureDraft& draft, BytesView content);

// Adds a certificate to a SignedData unless it is there: OpenSSL refuses the second one.
bool add_certificate(CMS_ContentInfo* cms, const Certificate& certificate);

// Opens EnvelopedData. Errors: malformed (a content cipher that we do not take), unauthorised (all
// that depends on the key or on the plain text).
Result<Decrypted> open_envelope(CMS_ContentInfo* cms, const Certificate& recipient,
                                const PrivateKey& key);

}  // namespace reveille::pki
