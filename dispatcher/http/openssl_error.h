#pragma once

#include <string>

namespace reveille::http {

// The reason of the newest error on this thread's OpenSSL queue, which is empty afterwards.
std::string take_openssl_reason();

}  // namespace reveille::http
