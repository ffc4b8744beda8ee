#pragma once

#include <span>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"

// Cryptographic Message Syntax (RFC 5652), by OpenSSL's CMS functions. BER with indefinite lengths
// is read, as devices send it. Bytes after the structure are refused.
//
// Digests: SHA-1 and SHA-2 are accepted, since Macs signed Mdm-Signature with SHA-1 as late as 2021
// and old SCEP clients do; MD5 is refused, and we write SHA-256 only.
// Keys:    RSA of 1024 to 8192 bits, and EC on P-256, P-384 and P-521.
// Time:    OpenSSL stamps what we sign with the machine's clock (signingTime); nothing reads it.
namespace reveille::pki {

struct VerifiedContent {
  Bytes content;
  Certificate signer;
  std::vector<Certificate> certificates;  // all that came with it, the signer's included
};

// Verifies the one signature mathematically; whom the signer's certificate chains to is for
// verify_client_certificate() to say. Two signers, none, or a signer without a certificate in the
// message (and not among `extra_certificates`) are refused, and so is a detached signature with
// content inside.
// Errors: malformed (bytes, number of signers), unauthorised (signature, no signer's certificate).
Result<VerifiedContent> verify_attached(BytesView cms,
                                        std::span<const Certificate> extra_certificates = {});
Result<Certificate> verify_detached(BytesView cms, BytesView content);
// The half of verify_detached() that needs no content: the signature over the signed attributes.
// Errors: also unauthorised when there are none.
Result<Certificate> verify_signed_attributes(BytesView cms);

// SHA-256, signed attributes, the signer's certificate and `chain` included, DER.
Result<Bytes> sign_attached(BytesView content, const Certificate& signer, const PrivateKey& key,
                            std::span<const Certificate> chain = {});
Result<Bytes> sign_detached(BytesView content, const Certificate& signer, const PrivateKey& key);

// AES-256-CBC unless told otherwise; RSA recipients by key transport (PKCS#1 1.5, as SCEP has it),
// EC ones by key agreement.
enum class ContentCipher { aes_128_cbc, aes_256_cbc, des_ede3_cbc };
Result<Bytes> encrypt(BytesView content, const Certificate& recipient,
                      ContentCipher cipher = ContentCipher::aes_256_cbc);
// Errors: malformed (bytes), unauthorised (not for this key, or tampered with). One answer for all
// failures of decryption: no padding oracle.
Result<Bytes> decrypt(BytesView cms, const Certificate& recipient, const PrivateKey& key);

struct Decrypted {
  Bytes content;
  ContentCipher cipher;  // what to answer with: what the sender used, the next stronger for AES-192 and DES
};
// As decrypt(); an answer can then be encrypted in the same way as the question was.
Result<Decrypted> decrypt_telling_cipher(BytesView cms, const Certificate& recipient,
                                         const PrivateKey& key);

// Degenerate SignedData: certificates and no signer. DER sorts a SET: the order is not kept.
Result<Bytes> wrap_certificates(std::span<const Certificate> certificates);
Result<std::vector<Certificate>> unwrap_certificates(BytesView cms);

}  // namespace reveille::pki
