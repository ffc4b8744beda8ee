#pragma once

#include <openssl/bio.h>

namespace reveille::http {

// What a TLS session's reads and writes met at the socket.
struct SocketEnd {
  int descriptor = -1;
  int error = 0;       // errno of the last failure that was no "try again"
  bool ended = false;  // the peer sent its FIN
  // A read has got less than it had room for, so there was no more. Until the next wait to read
  // the socket is not asked again: most reads of a kept-alive connection would hear "try again".
  bool drained = false;
};

// OpenSSL's way to the socket. Its own socket BIO writes without MSG_NOSIGNAL: a peer that has gone
// would kill a process that does not ignore SIGPIPE. `end` outlives the BIO. nullptr: no memory.
BIO* make_socket_bio(SocketEnd& end);

}  // namespace reveille::http
