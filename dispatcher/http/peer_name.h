#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace reveille::http {

// "192.0.2.7:50123" or "[2001:db8::7]:50123"; empty when the peer has gone already.
std::string name_of_peer(const boost::asio::ip::tcp::socket& socket);

}  // namespace reveille::http
