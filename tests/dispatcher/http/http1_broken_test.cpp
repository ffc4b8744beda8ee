#include "tests/dispatcher/http/listener_fixture.h"

namespace reveille::http {
namespace {

struct Broken {
  const char* name;
  std::string text;
  int status;
};

class Http1BrokenTest : public ListenerTest, public testing::WithParamInterface<Broken> {};

// Each is followed by a request that a lenient reader might take for one of its own.
const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_P(Http1BrokenTest, IsRefusedAndNothingBehindItIsRead) {
  open();
  EXPECT_EQ(status_of_last(GetParam().text + smuggled), GetParam().status);
  EXPECT_TRUE(handler_.requests.empty());
  EXPECT_EQ(listener_->statistics().requests_malformed, 1u);
}

Broken put(const char* name, const std::string& headers, int status) {
  return {name, "PUT / HTTP/1.1\r\n" + headers + "\r\n", status};
}

INSTANTIATE_TEST_SUITE_P(
    Requests, Http1BrokenTest,
    testing::Values(
        Broken{"Garbage", "\x16\x03\x01\x02\x01garbage\r\n\r\n", 400},
        Broken{"UnknownVersion", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 400},
        Broken{"Http2WithoutTls", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        Broken{"NoVersion", "GET /\r\n\r\n", 400},
        Broken{"TargetWithoutSlash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Broken{"Connect", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400}, put("NoHost", "", 400),
        put("TwoHosts", "Host: a\r\nHost: b\r\n", 400),
        put("LengthAndChunked", "Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            400),
        put("ChunkedAndLength", "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            400),
        put("TwoLengths", "Host: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n", 400),
        put("LengthList", "Host: a\r\nContent-Length: 5, 6\r\n", 400),
        put("NegativeLength", "Host: a\r\nContent-Length: -5\r\n", 400),
        put("SignedLength", "Host: a\r\nContent-Length: +5\r\n", 400),
        put("HexadecimalLength", "Host: a\r\nContent-Length: 0x5\r\n", 400),
        put("EmptyLength", "Host: a\r\nContent-Length:\r\n", 400),
        put("Gzip", "Host: a\r\nTransfer-Encoding: gzip\r\n", 501),
        put("GzipChunked", "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", 501),
        put("Identity", "Host: a\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n", 501),
        put("ChunkedTwice",
            "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
        put("BlankBeforeColon", "Host: a\r\nTransfer-Encoding : chunked\r\n", 400),
        put("NoColon", "Host: a\r\nTransfer-Encoding\r\n", 400),
        put("NulInName", "Host: a\r\nX" + std::string(1, '\0') + ": b\r\n", 400),
        put("NulInValue", "Host: a\r\nX: b" + std::string(1, '\0') + "c\r\n", 400),
        put("BareCarriageReturn", "Host: a\r\nX: b\rTransfer-Encoding: chunked\r\n", 400),
        put("UnknownExpectation", "Host: a\r\nExpect: more\r\n", 417),
        Broken{"BareLineFeeds", "GET / HTTP/1.1\nHost: a\n\n", 400},
        Broken{"ChunkedInHttp10", "PUT / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
               400},
        Broken{"ChunkSizeOfLetters",
               "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
        Broken{"ChunkSizeOverflows",
               "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
               "10000000000000005\r\nhello\r\n",
               400},
        Broken{"ChunkLongerThanItsSize",
               "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3\r\nhello\r\n0\r\n\r\n",
               400},
        Broken{"LengthInTrailer",
               "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
               "0\r\nContent-Length: 5\r\n\r\n",
               400}),
    [](const testing::TestParamInfo<Broken>& broken) { return broken.param.name; });

}  // namespace
}  // namespace reveille::http
