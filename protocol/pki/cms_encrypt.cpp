#include <openssl/ec.h>

#include <array>

#include "protocol/base/ensure.h"
#include "protocol/pki/cms.h"
#include "protocol/pki/cms_message.h"
#include "protocol/pki/openssl.h"

namespace reveille::pki {

namespace {

const EVP_CIPHER* fetch(const char* name) {
  const EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  ensure(cipher != nullptr, "OpenSSL's default provider has AES and triple DES");
  return cipher;
}

const EVP_CIPHER* algorithm_of(ContentCipher cipher) {
  static const EVP_CIPHER* const aes_128 = fetch("AES-128-CBC");
  static const EVP_CIPHER* const aes_256 = fetch("AES-256-CBC");
  static const EVP_CIPHER* const des_ede3 = fetch("DES-EDE3-CBC");
  switch (cipher) {
    case ContentCipher::aes_128_cbc:
      return aes_128;
    case ContentCipher::aes_256_cbc:
      return aes_256;
    case ContentCipher::des_ede3_cbc:
      return des_ede3;
  }
  return aes_256;
}

std::optional<ContentCipher> cipher_of(int nid) {
  switch (nid) {
    case NID_aes_128_cbc:
      return ContentCipher::aes_128_cbc;
    case NID_aes_192_cbc:  // whoever can do 192 can do 256
    case NID_aes_256_cbc:
      return ContentCipher::aes_256_cbc;
    case NID_des_cbc:  // read, since scepclient sends it; answered in triple DES, which it reads
    case NID_des_ede3_cbc:
      return ContentCipher::des_ede3_cbc;
    default:
      return std::nullopt;
  }
}

bool add_recipient(CMS_ContentInfo* cms, const Certificate& recipient) {
  CMS_RecipientInfo* info = CMS_add1_recipient_cert(cms, recipient.native(), CMS_KEY_PARAM);
  if (info == nullptr) return false;
  if (CMS_RecipientInfo_type(info) != CMS_RECIPINFO_AGREE) return true;
  // Key agreement's default derives keys by SHA-1, which we never write.
  EVP_PKEY_CTX* context = CMS_RecipientInfo_get0_pkey_ctx(info);
  return context != nullptr && EVP_PKEY_CTX_set_ecdh_kdf_md(context, sha256_algorithm()) > 0;
}

std::unexpected<Error> not_decrypted() {
  return failure(ErrorCode::unauthorised, "CMS: not encrypted for this key, or tampered with");
}

// What CMS_decrypt() does, except that the cipher can be asked for on the way.
Result<Decrypted> read_plain_text(BIO* chain) {
  BIO* cipher_filter = BIO_find_type(chain, BIO_TYPE_CIPHER);
  EVP_CIPHER_CTX* context = nullptr;
  if (cipher_filter == nullptr || BIO_get_cipher_ctx(cipher_filter, &context) != 1) {
    return not_decrypted();
  }
  const auto cipher = cipher_of(EVP_CIPHER_CTX_get_nid(context));
  if (!cipher) return failure(ErrorCode::malformed, "CMS: content cipher is not AES-CBC or 3DES");
  Bytes content;
  std::array<char, 4096> buffer;
  int size = 0;
  while ((size = BIO_read(chain, buffer.data(), static_cast<int>(buffer.size()))) > 0) {
    content.append(buffer.data(), static_cast<size_t>(size));
  }
  // The status is that of the padding, known only when everything has been read.
  if (size < 0 || BIO_get_cipher_status(chain) != 1) return not_decrypted();
  return Decrypted{.content = std::move(content), .cipher = *cipher};
}

}  // namespace

Result<Bytes> encrypt(BytesView content, const Certificate& recipient, ContentCipher cipher) {
  const ErrorQueueScope errors;
  const CmsPointer cms(
      CMS_encrypt(nullptr, nullptr, algorithm_of(cipher), CMS_PARTIAL | CMS_BINARY));
  if (!cms) return openssl_failure(ErrorCode::unavailable, "CMS: encryption");
  if (!add_recipient(cms.get(), recipient)) {
    return openssl_failure(ErrorCode::malformed, "CMS: the recipient's key");
  }
  const BioPointer reader = reader_of(content);
  if (!reader || CMS_final(cms.get(), reader.get(), nullptr, CMS_BINARY) != 1) {
    return openssl_failure(ErrorCode::unavailable, "CMS: encryption");
  }
  return encode<CMS_ContentInfo>(i2d_CMS_ContentInfo, cms.get());
}

Result<Decrypted> open_envelope(CMS_ContentInfo* cms, const Certificate& recipient,
                                const PrivateKey& key) {
  // With a certificate given, a wrong RSA padding becomes a random content key (Bleichenbacher),
  // so that it fails where a tampered content fails, and with the same answer.
  if (CMS_decrypt_set1_pkey(cms, key.native(), recipient.native()) != 1) return not_decrypted();
  const BioPointer chain(CMS_dataInit(cms, nullptr));
  if (!chain) return not_decrypted();
  return read_plain_text(chain.get());
}

Result<Decrypted> decrypt_telling_cipher(BytesView cms, const Certificate& recipient,
                                         const PrivateKey& key) {
  const ErrorQueueScope errors;
  const auto message = parse_content_info(cms, NID_pkcs7_enveloped);
  if (!message) return std::unexpected(message.error());
  return open_envelope(message->get(), recipient, key);
}

Result<Bytes> decrypt(BytesView cms, const Certificate& recipient, const PrivateKey& key) {
  auto decrypted = decrypt_telling_cipher(cms, recipient, key);
  if (!decrypted) return std::unexpected(decrypted.error());
  return std::move(decrypted->content);
}

}  // namespace reveille::pki
