#include "storage/rocksdb/transaction.h"

// What an enrolment keeps secret: push token, unlock token, bootstrap token, users' logins.
namespace reveille::storage::rocks {
namespace {

// Where a secret is stored, so that it cannot be moved to another row.
Bytes place_of(Table table, BytesView key) {
  return std::string(name_of(table)) + ':' + std::string(key);
}

}  // namespace

Bytes RocksdbTransaction::seal(Table table, BytesView key, BytesView plain) {
  return rows_.checked(database_.sealer().seal(plain, place_of(table, key))).value_or(Bytes());
}

std::optional<Bytes> RocksdbTransaction::unseal(Table table, BytesView key, BytesView sealed) {
  return rows_.checked(database_.sealer().unseal(sealed, place_of(table, key)));
}

void RocksdbTransaction::write_secrets(const mdm::TokenUpdate& message, Time now) {
  const Bytes key = push_secret_key(message.identity.enrolment);
  const PushSecret secret{.token = message.push_token, .magic = message.push_magic};
  const PushSecretRow row{.topic = message.topic,
                          .token_updated_at = now,
                          .sealed = seal(Table::secrets, key, encode(secret))};
  rows_.put(Table::secrets, key, encode(row));
  if (!message.unlock_token) return;
  const Bytes unlock_key = unlock_secret_key(message.identity.enrolment);
  rows_.put(Table::secrets, unlock_key, seal(Table::secrets, unlock_key, *message.unlock_token));
}

Result<void> RocksdbTransaction::put_bootstrap_token(const mdm::EnrolmentId& device,
                                                     BytesView token) {
  const std::optional<Enrolment> enrolment = read_enrolment(device);
  if (!enrolment) return no_enrolment(device);
  if (enrolment->state == EnrolmentState::ended) {
    return refuse(ErrorCode::conflict, "enrolment " + device.text() + " has ended");
  }
  const Bytes key = bootstrap_secret_key(device);
  if (token.empty()) {
    rows_.erase(Table::secrets, key);
  } else {
    rows_.put(Table::secrets, key, seal(Table::secrets, key, token));
  }
  must_sync();
  return finish();
}

Result<std::optional<Bytes>> RocksdbTransaction::bootstrap_token(const mdm::EnrolmentId& device) {
  const Bytes key = bootstrap_secret_key(device);
  const std::optional<Bytes> sealed = rows_.get(Table::secrets, key);
  std::optional<Bytes> token;
  if (sealed) token = unseal(Table::secrets, key, *sealed);
  return finish(std::move(token));
}

Result<void> RocksdbTransaction::put_user_login(const mdm::Identity& user,
                                                const std::optional<UserLogin>& login) {
  const std::optional<Enrolment> device = read_enrolment(user.device);
  if (!device) return no_enrolment(user.device);
  if (device->state == EnrolmentState::ended) {
    return refuse(ErrorCode::conflict, "enrolment " + user.device.text() + " has ended");
  }
  must_sync();
  const Bytes key = user_login_key(user.enrolment);
  if (!login) {
    rows_.erase(Table::secrets, key);
    return finish();
  }
  if (!rows_.get(Table::secrets, key) &&
      user_logins_of(user.device).size() >= database_.options().user_logins_max) {
    return refuse(ErrorCode::overloaded, "too many users have logged in on " + user.device.text());
  }
  rows_.put(Table::secrets, key, encode(*login));
  return finish();
}

Result<std::optional<UserLogin>> RocksdbTransaction::user_login(const mdm::EnrolmentId& user) {
  return finish(rows_.read(Table::secrets, user_login_key(user), decode_user_login));
}

std::vector<mdm::EnrolmentId> RocksdbTransaction::user_logins_of(const mdm::EnrolmentId& device) {
  std::vector<mdm::EnrolmentId> users;
  const Bytes prefix = user_login_key(mdm::EnrolmentId(device.text() + ':'));
  rows_.scan(Table::secrets, prefix, prefix, [&](BytesView key, BytesView /*value*/) {
    users.emplace_back(std::string(key.substr(1)));
    return true;
  });
  return users;
}

// Users have a login before they have a channel, so the device's channels do not name them all.
void RocksdbTransaction::forget_user_logins(const mdm::EnrolmentId& enrolment) {
  const bool is_user = enrolment.text().find(':') != std::string::npos;
  if (is_user) {
    rows_.erase(Table::secrets, user_login_key(enrolment));
    return;
  }
  for (const mdm::EnrolmentId& user : user_logins_of(enrolment)) {
    rows_.erase(Table::secrets, user_login_key(user));
  }
}

}  // namespace reveille::storage::rocks
