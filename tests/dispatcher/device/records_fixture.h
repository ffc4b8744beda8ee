#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "dispatcher/device/check_in_work.h"
#include "dispatcher/device/exchange.h"
#include "storage/memory/memory_store.h"
#include "tests/dispatcher/device/messages.h"

namespace reveille::device {

inline storage::Sha256 certificate_named(char name) {
  storage::Sha256 certificate;
  certificate.bytes.fill(name);
  return certificate;
}

// What messages do to the store, without sockets, lanes or cryptography. Every act is a transaction
// of its own, as if each came alone; the clock moves only where a test moves it.
class RecordsTest : public testing::Test {
 protected:
  using Answer = std::expected<Exchange, Refusal>;
  using CheckInAnswer = std::expected<CheckedIn, Refusal>;

  RecordsTest() { store_push_certificate(topic); }

  template <typename Work>
  auto in_transaction(Work work) {
    const auto transaction = store_->begin();
    auto result = work(*transaction);
    EXPECT_TRUE(transaction->commit());
    return result;
  }

  void store_push_certificate(const std::string& of_topic) {
    storage::PushCertificateRecord record;
    record.topic = of_topic;
    in_transaction([&](auto& store) { return store.put_push_certificate(record); });
  }

  // As SCEP would: against a challenge, or as a renewal of `renews`.
  storage::Sha256 issue(char name, std::optional<storage::Sha256> renews = std::nullopt) {
    storage::IssuedCertificate issued;
    issued.sha256 = certificate_named(name);
    issued.issued_at = now_;
    issued.not_after = now_ + std::chrono::days(365);
    issued.renews = renews;
    in_transaction([&](auto& store) { return store.record_certificate(issued); });
    return issued.sha256;
  }

  // ---- devices speak ----

  static CheckInAnswer plain(const CheckInOutcome& outcome) {
    EXPECT_TRUE(outcome) << "the store has no trouble here";
    if (!*outcome) return std::unexpected(outcome->error().refusal);
    return **outcome;
  }

  CheckInAnswer authenticates(const IdentityKeys& who, const storage::Sha256& certificate,
                              const std::string& of_topic = topic) {
    const auto message =
        std::get<mdm::Authenticate>(mdm::parse_check_in(authenticate(who, of_topic)).value());
    const auto tied = plain(in_transaction(
        [&](auto& store) { return tie_certificate(store, message.identity, certificate); }));
    if (!tied) return tied;
    return plain(in_transaction(
        [&](auto& store) { return run_authenticate(store, message, certificate, now_); }));
  }

  CheckInAnswer updates_token(const IdentityKeys& who, const storage::Sha256& certificate,
                              const std::string& of_topic = topic) {
    const auto message =
        std::get<mdm::TokenUpdate>(mdm::parse_check_in(token_update(who, of_topic)).value());
    return plain(in_transaction([&](auto& store) {
      return run_token_update(store, message, certificate, rules_.authorisation, now_);
    }));
  }

  CheckInAnswer checks_out(const IdentityKeys& who, const storage::Sha256& certificate) {
    const auto message =
        std::get<mdm::CheckOut>(mdm::parse_check_in(check_in_message(who, "CheckOut")).value());
    return plain(in_transaction(
        [&](auto& store) {
          return run_check_out(store, message, certificate, rules_.authorisation, now_);
        }));
  }

  CheckInAnswer asks_for_bootstrap_token(const IdentityKeys& who,
                                         const storage::Sha256& certificate) {
    const auto message = mdm::parse_check_in(check_in_message(who, "GetBootstrapToken")).value();
    return plain(in_transaction([&](auto& store) {
      return run_get_bootstrap_token(store, identity_of(message), certificate,
                                     rules_.authorisation, now_);
    }));
  }

  CheckInAnswer asks_for_token(const IdentityKeys& who, const storage::Sha256& certificate) {
    const auto message =
        mdm::parse_check_in(
            check_in_message(who, "GetToken", {{"TokenServiceType", "com.apple.maid"}}))
            .value();
    const Claim claim{.kind = MessageKind::other_check_in,
                      .identity = identity_of(message),
                      .certificate = certificate};
    return plain(in_transaction([&](auto& store) {
      return run_other_check_in(store, claim, rules_.authorisation, now_);
    }));
  }

  void enrol(const IdentityKeys& who, const storage::Sha256& certificate) {
    ASSERT_TRUE(authenticates(who, certificate));
    ASSERT_TRUE(updates_token(who, certificate));
  }

  Answer says(const Bytes& body, const storage::Sha256& certificate) {
    const auto report = mdm::parse_report(body).value();
    auto outcome = in_transaction(
        [&](auto& store) { return run_exchange(store, report, body, certificate, rules_, now_); });
    EXPECT_TRUE(outcome) << "the store has no trouble here";
    return *outcome;
  }

  // ---- what is queued and known ----

  void enqueue(const std::string& enrolment, const mdm::Command& what) {
    const std::vector<mdm::EnrolmentId> to{mdm::EnrolmentId(enrolment)};
    const auto queued = in_transaction([&](auto& store) {
      EXPECT_TRUE(store.put_command(what, now_));
      return store.enqueue(to, what.uuid, now_);
    });
    ASSERT_TRUE(queued);
    ASSERT_EQ(queued->front(), storage::Enqueued::queued);
  }
  storage::Enrolment enrolment(const std::string& id) {
    return store_->begin()->find_enrolment(mdm::EnrolmentId(id)).value().value();
  }
  bool is_known(const std::string& id) {
    return store_->begin()->find_enrolment(mdm::EnrolmentId(id)).value().has_value();
  }
  storage::Delivery delivery(const std::string& id, const std::string& uuid) {
    return store_->begin()
        ->find_delivery(mdm::EnrolmentId(id), mdm::CommandUuid{uuid})
        .value()
        .value();
  }
  std::optional<storage::Time> wake_due_at(const std::string& id) {
    return store_->begin()->wake_state(mdm::EnrolmentId(id)).value().value().due_at;
  }
  void end(const std::string& id, storage::EndReason reason) {
    in_transaction(
        [&](auto& store) { return store.end_enrolment(mdm::EnrolmentId(id), reason, now_); });
  }

  std::unique_ptr<storage::Store> store_ = storage::make_memory_store({});
  ExchangeRules rules_;
  storage::Time now_{std::chrono::sys_days{std::chrono::January / 15 / 2026}};
};

// The UUID of the command that an answer hands out; "nothing" for an empty body.
inline std::string handed_out(const std::expected<Exchange, Refusal>& answer) {
  if (!answer) return std::string("refused: ") + name_of(answer.error());
  return answer->command ? answer->command->uuid.text : "nothing";
}

}  // namespace reveille::device
