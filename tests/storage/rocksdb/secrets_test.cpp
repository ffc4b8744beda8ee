#include "storage/rocksdb/seal.h"

#include "tests/storage/rocksdb/raw_database.h"
#include "tests/storage/store_contract.h"

// Promise 11: secrets are encrypted at rest, and tied to the row that they are in.
namespace reveille::storage::testing {
namespace {

class SecretsTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open() {
    return open_rocksdb_store(rocksdb_options(temporary.path(), StoreOptions{})).value();
  }
  void enrol(const mdm::EnrolmentId& device) {
    const auto store = open();
    const auto transaction = store->begin();
    ASSERT_TRUE(transaction->authenticate(authenticate_message(device), digest('c'), now));
    mdm::TokenUpdate message = token_update_message(device);
    message.push_token.bytes = "PLAIN-TOKEN";
    message.push_magic.text = "PLAIN-MAGIC";
    message.unlock_token = "PLAIN-UNLOCK";
    ASSERT_TRUE(transaction->update_token(message, now));
    ASSERT_TRUE(transaction->put_push_certificate({.topic = topic,
                                                   .certificate_pem = "PLAIN-PRIVATE-KEY",
                                                   .not_after = now,
                                                   .stored_at = now}));
    ASSERT_TRUE(transaction->commit());
  }
  bool is_in_a_file(const std::string& needle) {
    for (const auto& [name, bytes] : files_of(temporary.path())) {
      if (bytes.find(needle) != std::string::npos) return true;
    }
    return false;
  }

  const TemporaryFolder temporary;
  const mdm::EnrolmentId phone = id("PHONE-1");
  const Time now = start_of_test;
};

TEST_F(SecretsTest, NoFileOfTheDatabaseHoldsASecret) {
  enrol(phone);
  EXPECT_TRUE(is_in_a_file("PHONE-1"));  // the search can find what is not sealed
  EXPECT_FALSE(is_in_a_file("PLAIN-"));

  const auto store = open();
  const DueWake target = store->begin()->push_target(phone).value().value();
  EXPECT_EQ(target.push_token.bytes, "PLAIN-TOKEN");
  EXPECT_EQ(target.push_magic.text, "PLAIN-MAGIC");
  EXPECT_EQ(store->begin()->push_certificates()->at(0).certificate_pem, "PLAIN-PRIVATE-KEY");
}

TEST_F(SecretsTest, ASecretMovedToAnotherEnrolmentIsCorrupt) {
  const mdm::EnrolmentId other = id("PHONE-2");
  enrol(phone);
  enrol(other);
  {
    RawDatabase raw(temporary.path());
    const Bytes row = raw.get(rocks::Table::secrets, rocks::push_secret_key(phone));
    raw.put(rocks::Table::secrets, rocks::push_secret_key(other), row);
  }
  const auto store = open();
  EXPECT_TRUE(store->begin()->push_target(phone));
  const Error error = store->begin()->push_target(other).error();
  EXPECT_EQ(error.code, ErrorCode::corrupt);
  EXPECT_EQ(error.detail.find("PLAIN"), std::string::npos);
}

TEST_F(SecretsTest, SealingTheSameValueTwiceGivesDifferentBytes) {
  const auto sealer = rocks::Sealer::make(secret_key).value();
  const Bytes one = sealer->seal("value", "place").value();
  EXPECT_NE(one, sealer->seal("value", "place").value());
  EXPECT_EQ(sealer->unseal(one, "place").value(), "value");
}

TEST_F(SecretsTest, AnEmptyValueCanBeSealed) {
  const auto sealer = rocks::Sealer::make(secret_key).value();
  EXPECT_EQ(sealer->unseal(sealer->seal("", "").value(), "").value(), "");
}

TEST_F(SecretsTest, AnyChangeOfASealedValueIsFound) {
  const auto sealer = rocks::Sealer::make(secret_key).value();
  const Bytes sealed = sealer->seal("value", "place").value();
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(sealer->unseal(changed, "place")) << i;
    EXPECT_FALSE(sealer->unseal(BytesView(sealed).substr(0, i), "place")) << i;
  }
  EXPECT_FALSE(sealer->unseal(sealed, "elsewhere"));
}

}  // namespace
}  // namespace reveille::storage::testing
