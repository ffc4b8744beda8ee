#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dispatcher/device/device_endpoint.h"
#include "dispatcher/enrolment/challenges.h"
#include "protocol/pki/mdm_signature.h"
#include "tests/dispatcher/device/messages.h"
#include "tests/dispatcher/enrolment/enrolment_fixture.h"

namespace reveille::device {

// Something that shows itself as a device: ids, a key and a certificate for it.
struct TestDevice {
  IdentityKeys who;
  pki::PrivateKey key;
  pki::Certificate certificate;
};

enum class Proof { none, tls, signature, both };

// All of the device side, called as its listener would.
class EndpointTest : public EnrolmentTest {
 protected:
  EndpointTest() { store_push_certificate(); }

  // From now on another endpoint answers, on the same records: as after a restart.
  void serve_with(const DeviceEndpointOptions& changed) {
    other_ = std::make_unique<DeviceEndpoint>(
        changed, storage_, [](storage::Partition) {}, authority_, clock_, random_, log_);
    serving_ = other_.get();
  }
  std::uint64_t refused(Refusal refusal) const { return serving_->statistics().count(refusal); }

  static DeviceEndpointOptions options() {
    DeviceEndpointOptions options;
    options.public_url = "https://mdm.example.com:8443";
    options.sign_profile = false;
    return options;
  }

  // ---- identities ----

  pki::Certificate issue(const pki::PrivateKey& key, const enrolment::CertificateAuthority& by,
                         const std::string& common_name = "device") {
    enrolment::CertificateAuthority::Terms terms;
    terms.now = clock_.wall_now();
    terms.lifetime = std::chrono::days(365);
    terms.serial = random_.bytes(16);
    return by
        .issue(pki::CertificateRequest::create(common_name, "", std::nullopt, key).value(), terms)
        .value();
  }

  TestDevice new_device(IdentityKeys who) {
    pki::PrivateKey key = new_key();
    pki::Certificate certificate = issue(key, authority_);
    return {.who = std::move(who), .key = std::move(key), .certificate = std::move(certificate)};
  }

  TestDevice enrolled_device(const std::string& udid) {
    TestDevice device = new_device(device_channel(udid));
    EXPECT_EQ(check_in(device, authenticate(device.who)).status, 200);
    EXPECT_EQ(check_in(device, token_update(device.who)).status, 200);
    return device;
  }

  // ---- requests ----

  http::Response ask(http::Request request,
                     std::optional<pki::Certificate> certificate = std::nullopt) {
    http::Peer peer;
    peer.address = "192.0.2.1:4711";
    peer.certificate = std::move(certificate);
    return run(serving_->handle(std::move(request), peer));
  }

  static http::Request put(const std::string& target, Bytes body,
                           const std::string& content_type = "") {
    http::Request request;
    request.method = "PUT";
    request.target = target;
    if (!content_type.empty()) request.headers.push_back({"content-type", content_type});
    request.body = std::move(body);
    return request;
  }
  static http::Request get(const std::string& target) {
    http::Request request;
    request.method = "GET";
    request.target = target;
    return request;
  }

  static void sign(http::Request& request, const TestDevice& device) {
    request.headers.push_back(
        {"mdm-signature",
         pki::make_mdm_signature(request.body, device.certificate, device.key).value()});
  }

  http::Response prove_and_ask(http::Request request, const TestDevice& device, Proof proof) {
    if (proof == Proof::signature || proof == Proof::both) sign(request, device);
    std::optional<pki::Certificate> certificate;
    if (proof == Proof::tls || proof == Proof::both) certificate = device.certificate;
    return ask(std::move(request), std::move(certificate));
  }

  http::Response check_in(const TestDevice& device, Bytes body, Proof proof = Proof::tls) {
    return prove_and_ask(
        put("/checkin", std::move(body), "application/x-apple-aspen-mdm-checkin; charset=UTF-8"),
        device, proof);
  }
  http::Response connect(const TestDevice& device, Bytes body, Proof proof = Proof::tls) {
    return prove_and_ask(
        put("/mdm", std::move(body), "application/x-apple-aspen-mdm; charset=UTF-8"), device,
        proof);
  }

  // ---- what is stored ----

  void enqueue(const std::string& enrolment, const mdm::Command& what) {
    const std::vector<mdm::EnrolmentId> to{mdm::EnrolmentId(enrolment)};
    const auto transaction = records();
    ASSERT_TRUE(transaction->put_command(what, clock_.wall_now()));
    const auto queued = transaction->enqueue(to, what.uuid, clock_.wall_now());
    ASSERT_TRUE(queued);
    ASSERT_EQ(queued->front(), storage::Enqueued::queued);
    ASSERT_TRUE(transaction->commit());
  }
  std::optional<storage::Enrolment> enrolment(const std::string& id) {
    return records()->find_enrolment(mdm::EnrolmentId(id)).value();
  }
  storage::DeliveryState state_of(const std::string& id, const std::string& uuid) {
    return records()
        ->find_delivery(mdm::EnrolmentId(id), mdm::CommandUuid{uuid})
        .value()
        .value()
        .state;
  }

  std::vector<storage::Partition> notified_;
  DeviceEndpoint endpoint_{options(),
                           storage_,
                           [this](storage::Partition partition) { notified_.push_back(partition); },
                           authority_,
                           clock_,
                           random_,
                           log_};
  std::unique_ptr<DeviceEndpoint> other_;
  DeviceEndpoint* serving_ = &endpoint_;
};

}  // namespace reveille::device
