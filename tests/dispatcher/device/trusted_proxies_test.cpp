#include "dispatcher/device/trusted_proxies.h"

#include <gtest/gtest.h>

#include "protocol/base/base64.h"
#include "tests/dispatcher/device/endpoint_fixture.h"

// protocol.md section 2: the certificate in a header, trusted only from the proxy.
namespace reveille::device {
namespace {

http::Request with_header(const std::string& name, const std::string& value) {
  http::Request request;
  request.headers.push_back({name, value});
  return request;
}

std::optional<std::string_view> read(const TrustedProxies& proxies, const http::Request& request,
                                     std::string_view peer) {
  return proxies.certificate_header(request, peer).value();
}

TEST(TrustedProxiesTest, OnlyATrustedPeersHeaderIsRead) {
  const auto proxies = TrustedProxies::make({"192.0.2.7", "198.51.100.0/24", "2001:db8::/32"}, "");
  ASSERT_TRUE(proxies);
  const auto request = with_header("client-cert", "value");
  for (const char* peer : {"192.0.2.7:50123", "198.51.100.200:1", "[2001:db8::7]:50123",
                           "[::ffff:192.0.2.7]:50123"}) {
    EXPECT_EQ(read(*proxies, request, peer), "value") << peer;
  }
  for (const char* peer : {"192.0.2.8:50123", "198.51.101.1:1", "[2001:db9::7]:50123", "unix", "",
                           "192.0.2.7", "nonsense:1"}) {
    EXPECT_EQ(read(*proxies, request, peer), std::nullopt) << peer;
  }
}

TEST(TrustedProxiesTest, NobodyIsTrustedUnlessConfigured) {
  const auto request = with_header("client-cert", "value");
  EXPECT_EQ(read(TrustedProxies(), request, "127.0.0.1:1"), std::nullopt);
}

TEST(TrustedProxiesTest, TheUnixSocketIsTrustedByName) {
  const auto proxies = TrustedProxies::make({"unix"}, "").value();
  const auto request = with_header("client-cert", "value");
  EXPECT_EQ(read(proxies, request, "unix"), "value");
  EXPECT_EQ(read(proxies, request, "127.0.0.1:1"), std::nullopt);
}

// The proxy sets the one header; what its client writes under another name it passes on.
TEST(TrustedProxiesTest, ExactlyTheConfiguredHeaderIsRead) {
  const auto proxies = TrustedProxies::make({"192.0.2.7"}, "x-client-cert").value();
  EXPECT_EQ(read(proxies, with_header("x-client-cert", "a"), "192.0.2.7:1"), "a");
  EXPECT_EQ(read(proxies, with_header("client-cert", "b"), "192.0.2.7:1"), std::nullopt);

  auto both = with_header("client-cert", "b");
  both.headers.push_back({"x-client-cert", "a"});
  EXPECT_EQ(read(proxies, both, "192.0.2.7:1"), "a");
}

TEST(TrustedProxiesTest, AHeaderThatIsThereTwiceIsRefused) {
  const auto proxies = TrustedProxies::make({"192.0.2.7"}, "").value();
  auto twice = with_header("client-cert", "a");
  twice.headers.push_back({"client-cert", "a"});
  EXPECT_EQ(proxies.certificate_header(twice, "192.0.2.7:1").error().code, ErrorCode::malformed);
  EXPECT_EQ(read(proxies, twice, "192.0.2.8:1"), std::nullopt) << "of others it means nothing";
}

TEST(TrustedProxiesTest, WhatIsNoAddressIsNamed) {
  for (const char* peer : {"proxy.example.com", "192.0.2.7/33", "2001:db8::/129", "", "192.0.2"}) {
    const auto proxies = TrustedProxies::make({"192.0.2.1", peer}, "");
    ASSERT_FALSE(proxies) << peer;
    EXPECT_NE(proxies.error().detail.find(std::string("\"") + peer + "\""), std::string::npos);
  }
}

// ---- through the endpoint ----

class BehindAProxyTest : public EndpointTest {
 protected:
  BehindAProxyTest() { serve_behind(""); }

  void serve_behind(const std::string& header) {
    DeviceEndpointOptions behind = options();
    // The fixture's peer.
    behind.proxies = TrustedProxies::make({"192.0.2.1"}, header).value();
    serve_with(behind);
  }
  http::Response idle_with(const TestDevice& device, const std::string& name,
                           const std::string& value,
                           std::optional<pki::Certificate> of_proxy = std::nullopt) {
    http::Request request = put("/mdm", idle(device.who), "application/x-apple-aspen-mdm");
    request.headers.push_back({name, value});
    return ask(std::move(request), std::move(of_proxy));
  }
  static std::string rfc9440(const TestDevice& device) {
    return ":" + to_base64(device.certificate.der()) + ":";
  }
  static std::string escaped_pem(const TestDevice& device) {
    std::string escaped;
    for (const char character : device.certificate.pem()) {
      if (character == '\n') {
        escaped += "%0A";
      } else if (character == '+') {
        escaped += "%2B";
      } else if (character == ' ') {
        escaped += "%20";
      } else {
        escaped += character;
      }
    }
    return escaped;
  }
};

TEST_F(BehindAProxyTest, BothFormsOfTheHeaderNameTheDevice) {
  const TestDevice phone = enrolled_device("PHONE");
  const TestDevice thief = enrolled_device("THIEF");
  EXPECT_EQ(idle_with(phone, "client-cert", rfc9440(phone)).status, 200);
  EXPECT_EQ(idle_with(phone, "client-cert", escaped_pem(phone)).status, 200);
  EXPECT_EQ(idle_with(phone, "client-cert", rfc9440(thief)).status, 409);
}

// As nginx does it: X-SSL-Cert is set, Client-Cert passes through as the client wrote it.
TEST_F(BehindAProxyTest, AClientsOwnClientCertIsNotReadBesideTheConfiguredHeader) {
  const TestDevice phone = enrolled_device("PHONE");
  const TestDevice thief = enrolled_device("THIEF");
  serve_behind("x-ssl-cert");
  EXPECT_EQ(idle_with(phone, "client-cert", rfc9440(phone)).status, 400);
  EXPECT_EQ(refused(Refusal::no_certificate), 1u);

  http::Request request = put("/mdm", idle(phone.who), "application/x-apple-aspen-mdm");
  request.headers.push_back({"client-cert", rfc9440(phone)});
  request.headers.push_back({"x-ssl-cert", escaped_pem(thief)});
  EXPECT_EQ(ask(std::move(request)).status, 409) << "the thief is a thief";
  EXPECT_EQ(idle_with(phone, "x-ssl-cert", escaped_pem(phone)).status, 200);
}

TEST_F(BehindAProxyTest, ACertificateThatIsThereTwiceIsRefused) {
  const TestDevice phone = enrolled_device("PHONE");
  http::Request request = put("/mdm", idle(phone.who), "application/x-apple-aspen-mdm");
  request.headers.push_back({"client-cert", rfc9440(phone)});
  request.headers.push_back({"client-cert", rfc9440(phone)});
  EXPECT_EQ(ask(std::move(request), phone.certificate).status, 400);
  EXPECT_EQ(refused(Refusal::bad_proxy_header), 1u);
}

TEST_F(BehindAProxyTest, TheHeaderTakesThePlaceOfTheProxysOwnCertificate) {
  const TestDevice phone = enrolled_device("PHONE");
  const TestDevice proxy = new_device(device_channel("PROXY"));
  EXPECT_EQ(idle_with(phone, "client-cert", rfc9440(phone), proxy.certificate).status, 200);
}

TEST_F(BehindAProxyTest, AHeaderThatIsNoCertificateIsRefusedAlsoBesideATlsCertificate) {
  const TestDevice phone = enrolled_device("PHONE");
  for (const char* value : {"", ":AAAA:", "nonsense"}) {
    EXPECT_EQ(idle_with(phone, "client-cert", value, phone.certificate).status, 400) << value;
  }
  EXPECT_EQ(refused(Refusal::bad_proxy_header), 3u);
}

TEST_F(BehindAProxyTest, FromAnybodyElseTheHeaderMeansNothing) {
  const TestDevice phone = enrolled_device("PHONE");
  serve_with(options());
  EXPECT_EQ(idle_with(phone, "client-cert", rfc9440(phone)).status, 400);
  EXPECT_EQ(refused(Refusal::no_certificate), 1u);
}

TEST_F(BehindAProxyTest, TlsAndMessageSignaturesWorkInTheSameDaemon) {
  const TestDevice phone = enrolled_device("PHONE");
  for (const Proof proof : {Proof::tls, Proof::signature, Proof::both}) {
    EXPECT_EQ(connect(phone, idle(phone.who), proof).status, 200);
  }
  http::Request request = put("/mdm", idle(phone.who), "application/x-apple-aspen-mdm");
  request.headers.push_back({"client-cert", rfc9440(phone)});
  sign(request, phone);
  EXPECT_EQ(ask(request).status, 200);
  const TestDevice other = enrolled_device("OTHER");
  request.headers.clear();
  request.headers.push_back({"client-cert", rfc9440(other)});
  sign(request, phone);
  EXPECT_EQ(ask(request).status, 400) << "two certificates";
}

}  // namespace
}  // namespace reveille::device
