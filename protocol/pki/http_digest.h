#pragma once

#include <string>
#include <string_view>

#include "protocol/base/error.h"

// HTTP digest access authentication with MD5 (RFC 7616), as UserAuthenticate uses it (protocol.md
// section 3): the challenge and the response are values of a property list, not headers, and there
// is no request of a method whose digest it would be.
namespace reveille::pki {

// Digest nonce="...",realm="..."; neither may hold quotation marks or backslashes.
std::string write_digest_challenge(std::string_view nonce, std::string_view realm);

// Digest username="jane",realm="example",nonce="bm9uY2U=",uri="/",response="0011..."
struct DigestCredentials {
  std::string user_name, realm, nonce, uri;
  std::string response;  // lower-case hexadecimal
  // All three, or none of them.
  std::string quality_of_protection, nonce_count, client_nonce;
};

// Errors: malformed: another scheme, a parameter missing, an algorithm other than MD5, a quality
// other than auth. The detail quotes nothing.
Result<DigestCredentials> parse_digest_credentials(std::string_view text);

// MD5(user:realm:password) in lower-case hexadecimal: what htdigest files hold instead of the
// password. As good as the password within its realm: a secret.
// Errors: unavailable when this OpenSSL has no MD5.
Result<std::string> digest_secret(std::string_view user_name, std::string_view realm,
                                  std::string_view password);

// The response that goes with a secret, and a comparison that takes the same time whatever differs.
// Apple does not say which method is in the digest: digest_proves()
// takes PUT, GET and POST, each of which needs the same secret.
// Errors: unavailable.
Result<std::string> digest_response(const DigestCredentials& credentials, std::string_view secret,
                                    std::string_view method);
Result<bool> digest_proves(const DigestCredentials& credentials, std::string_view secret);

}  // namespace reveille::pki
