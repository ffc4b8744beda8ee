#include <cstdlib>
#include <filesystem>

#include "protocol/plist/write.h"
#include "tests/dispatcher/device/endpoint_fixture.h"

// Reports that are too long for memory: docs/decisions/0012.
namespace reveille::device {
namespace {

using storage::DeliveryState;

class LongReportTest : public EndpointTest {
 protected:
  LongReportTest() {
    std::string path = std::filesystem::temp_directory_path() / "reveille-spool.XXXXXX";
    folder_ = ::mkdtemp(path.data());
    spool_ = std::make_unique<http::Spool>(
        http::SpoolOptions{.folder = folder_, .bytes_max = 64u << 20, .free_bytes_min = 0});
    DeviceEndpointOptions with_spool = options();
    with_spool.spool = spool_.get();
    serve_with(with_spool);
    phone_ = enrolled_device("PHONE");
    enqueue("PHONE", command("list", "ProfileList"));
    EXPECT_EQ(connect(*phone_, idle(phone_->who)).status, 200);
  }
  ~LongReportTest() override { std::filesystem::remove_all(folder_); }

  // What it answers stands behind 840 kB.
  Bytes long_report(const std::string& status, const std::string& uuid = "list") const {
    std::string text = "<plist version=\"1.0\"><dict><key>ProfileList</key><array>";
    for (int i = 0; i < 10'000; ++i) {
      text +=
          "<dict><key>Status</key><string>of an item, which is not the report's</string></dict>";
    }
    return text + "</array><key>Status</key><string>" + status +
           "</string><key>CommandUUID</key><string>" + uuid +
           "</string><key>UDID</key><string>PHONE</string></dict></plist>";
  }

  http::Peer peer_of(const TestDevice& device, Proof proof) const {
    http::Peer peer;
    peer.address = "192.0.2.1:4711";
    if (proof == Proof::tls || proof == Proof::both) peer.certificate = device.certificate;
    return peer;
  }

  // As a listener does it: the head first, then the body to its place, then the request.
  http::Response send(http::Request request, const http::Peer& peer) {
    const Bytes body = std::exchange(request.body, {});
    auto place = serving_->find_place(request, peer);
    if (!place) return {.status = place.error(), .headers = {}, .body = {}};
    EXPECT_TRUE(*place) << "a report has its place";
    EXPECT_TRUE((*place)->append(body));
    request.long_body = *std::move(place);
    return run(serving_->handle(std::move(request), peer));
  }
  http::Response send(const Bytes& body, Proof proof = Proof::tls) {
    http::Request request = put("/mdm", body, "application/x-apple-aspen-mdm");
    if (proof == Proof::signature || proof == Proof::both) sign(request, *phone_);
    return send(std::move(request), peer_of(*phone_, proof));
  }

  std::optional<Bytes> result(const std::string& uuid = "list") {
    return records()->find_result(mdm::EnrolmentId("PHONE"), mdm::CommandUuid{uuid}).value();
  }

  std::filesystem::path folder_;
  std::unique_ptr<http::Spool> spool_;
  std::optional<TestDevice> phone_;
};

TEST_F(LongReportTest, IsKeptByteForByteInPiecesAndAnsweredWithTheNextCommand) {
  for (const Proof proof : {Proof::tls, Proof::signature, Proof::both}) {
    const std::string uuid = "list-" + std::to_string(static_cast<int>(proof));
    enqueue("PHONE", command(uuid, "ProfileList"));
    enqueue("PHONE", command(uuid + "-next", "ProfileList"));
    const Bytes body = long_report("Acknowledged", uuid);

    const http::Response answer = send(body, proof);

    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.body.empty());
    EXPECT_EQ(state_of("PHONE", uuid), DeliveryState::acknowledged);
    EXPECT_TRUE(result(uuid) == body);
    const auto size =
        records()->result_size(mdm::EnrolmentId("PHONE"), mdm::CommandUuid{uuid}).value();
    EXPECT_EQ(size, (storage::ResultSize{.bytes = body.size(), .pieces = 4}));
  }
  EXPECT_EQ(spool_->bytes_held(), 0u);
}

TEST_F(LongReportTest, ABinaryOneIsReadAsWell) {
  const plist::Dictionary message{{"Payload", plist::Data{Bytes(600'000, 'x')}},
                                  {"UDID", "PHONE"},
                                  {"Status", "Error"},
                                  {"CommandUUID", "list"}};
  const Bytes body = plist::write_binary(message);
  EXPECT_EQ(send(body).status, 200);
  EXPECT_EQ(state_of("PHONE", "list"), DeliveryState::failed);
  EXPECT_TRUE(result() == body);
}

TEST_F(LongReportTest, SaidTwiceTheFirstIsKept) {
  const Bytes first = long_report("Acknowledged");
  EXPECT_EQ(send(first).status, 200);
  EXPECT_EQ(send(long_report("Error")).status, 200);
  EXPECT_EQ(state_of("PHONE", "list"), DeliveryState::acknowledged);
  EXPECT_TRUE(result() == first);
}

TEST_F(LongReportTest, OfAnUnknownCommandIsAnsweredAndNotKept) {
  EXPECT_EQ(send(long_report("Acknowledged", "unknown")).status, 200);
  EXPECT_EQ(result("unknown"), std::nullopt);
}

TEST_F(LongReportTest, ThatPutsTheCommandOffIsNotKept) {
  EXPECT_EQ(send(long_report("NotNow")).status, 200);
  EXPECT_EQ(state_of("PHONE", "list"), DeliveryState::queued);
  EXPECT_EQ(result(), std::nullopt);
  EXPECT_EQ(send(long_report("Acknowledged")).status, 200);
  EXPECT_TRUE(result() == long_report("Acknowledged"));
}

TEST_F(LongReportTest, WhoseSignatureIsOfAnotherBodyIsRefusedWhenItIsWhole) {
  http::Request request = put("/mdm", long_report("Acknowledged"), "application/x-apple-aspen-mdm");
  sign(request, *phone_);
  request.body.back() = ' ';

  const http::Response answer = send(std::move(request), peer_of(*phone_, Proof::signature));

  EXPECT_GE(answer.status, 400);
  EXPECT_EQ(refused(Refusal::bad_signature), 1u);
  EXPECT_EQ(state_of("PHONE", "list"), DeliveryState::sent);
  EXPECT_EQ(result(), std::nullopt);
}

TEST_F(LongReportTest, OfAnotherDevicesCertificateIsRefusedAndNotKept) {
  const TestDevice other = enrolled_device("OTHER");
  const http::Request request =
      put("/mdm", long_report("Acknowledged"), "application/x-apple-aspen-mdm");
  EXPECT_EQ(send(request, peer_of(other, Proof::tls)).status, 409);
  EXPECT_EQ(refused(Refusal::certificate_bound_elsewhere), 1u);
  EXPECT_EQ(state_of("PHONE", "list"), DeliveryState::sent);
}

TEST_F(LongReportTest, ThatIsNoPropertyListIsRefused) {
  EXPECT_EQ(send(long_report("Acknowledged") + "more").status, 400);
  EXPECT_EQ(state_of("PHONE", "list"), DeliveryState::sent);
}

TEST_F(LongReportTest, WhomTheHeadDoesNotVouchForIsRefusedBeforeTheBodyComes) {
  const auto elsewhere = make_authority(clock_, "another authority");
  const auto refuse_early = [&](http::Request head, const http::Peer& peer) {
    head.body.clear();
    return !serving_->find_place(head, peer);
  };
  const http::Request plain = put("/mdm", "", "application/x-apple-aspen-mdm");
  http::Peer stranger = peer_of(*phone_, Proof::none);
  EXPECT_TRUE(refuse_early(plain, stranger));
  stranger.certificate = issue(phone_->key, elsewhere);
  EXPECT_TRUE(refuse_early(plain, stranger));
  EXPECT_EQ(refused(Refusal::certificate_untrusted), 1u);

  http::Request nonsense = plain;
  nonsense.headers.push_back({"mdm-signature", "AAAA"});
  EXPECT_TRUE(refuse_early(nonsense, peer_of(*phone_, Proof::signature)));
  EXPECT_EQ(refused(Refusal::bad_signature), 1u);
  TestDevice foreign{
      .who = phone_->who, .key = phone_->key, .certificate = issue(phone_->key, elsewhere)};
  http::Request signed_elsewhere = plain;
  sign(signed_elsewhere, foreign);
  EXPECT_TRUE(refuse_early(signed_elsewhere, peer_of(*phone_, Proof::signature)));
  EXPECT_EQ(refused(Refusal::certificate_untrusted), 2u);
}

TEST_F(LongReportTest, OnlyWhatItsHeadCallsAReportGoesToAFile) {
  const http::Peer peer = peer_of(*phone_, Proof::tls);
  const auto is_spooled = [&](const http::Request& head) {
    const auto place = serving_->find_place(head, peer);
    EXPECT_TRUE(place);
    return *place != nullptr;
  };
  EXPECT_TRUE(is_spooled(put("/mdm", "", "application/x-apple-aspen-mdm; charset=UTF-8")));
  EXPECT_FALSE(is_spooled(put("/mdm", "", "application/x-apple-aspen-mdm-checkin")));
  EXPECT_FALSE(is_spooled(put("/checkin", "", "application/x-apple-aspen-mdm")));
  EXPECT_FALSE(is_spooled(put("/mdm", "")));
}

TEST_F(LongReportTest, NobodyHasMoreThanSomeOnTheirWay) {
  const http::Request head = put("/mdm", "", "application/x-apple-aspen-mdm");
  std::vector<std::shared_ptr<http::LongBody>> arriving;
  for (std::ptrdiff_t i = 0; i < DeviceEndpoint::uploads_of_one_caller_max; ++i) {
    auto place = serving_->find_place(head, peer_of(*phone_, Proof::tls));
    ASSERT_TRUE(place);
    arriving.push_back(*std::move(place));
  }
  const auto one_more = serving_->find_place(head, peer_of(*phone_, Proof::tls));
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error(), 503);
  const TestDevice tablet = enrolled_device("TABLET");
  EXPECT_TRUE(serving_->find_place(head, peer_of(tablet, Proof::tls))) << "another device may";
  arriving.pop_back();
  EXPECT_TRUE(serving_->find_place(head, peer_of(*phone_, Proof::tls)));
}

TEST_F(LongReportTest, WithoutAFolderForItsFileItIsToldToComeBack) {
  std::filesystem::remove_all(folder_);
  const auto place = serving_->find_place(put("/mdm", "", "application/x-apple-aspen-mdm"),
                                          peer_of(*phone_, Proof::tls));
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error(), 503);
}

}  // namespace
}  // namespace reveille::device
