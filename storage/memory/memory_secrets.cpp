#include "storage/memory/memory_transaction.h"

// What an enrolment keeps secret beside its push token: bootstrap token, users' logins.
namespace reveille::storage::memory {
namespace {

std::unexpected<Error> has_ended(const mdm::EnrolmentId& id) {
  return failure(ErrorCode::conflict, "enrolment " + id.text() + " has ended");
}

}  // namespace

Result<void> MemoryTransaction::put_bootstrap_token(const mdm::EnrolmentId& device,
                                                    BytesView token) {
  const EnrolmentRecord* record = enrolments_.find(device);
  if (!record) return no_enrolment(device);
  if (record->enrolment.state == EnrolmentState::ended) return has_ended(device);
  std::optional<Bytes>& stored = enrolments_.edit(device).bootstrap_token;
  if (token.empty()) {
    stored.reset();
  } else {
    stored = Bytes(token);
  }
  return {};
}

Result<std::optional<Bytes>> MemoryTransaction::bootstrap_token(const mdm::EnrolmentId& device) {
  const EnrolmentRecord* record = enrolments_.find(device);
  if (!record) return std::nullopt;
  return record->bootstrap_token;
}

Result<void> MemoryTransaction::put_user_login(const mdm::Identity& user,
                                               const std::optional<UserLogin>& login) {
  const EnrolmentRecord* device = enrolments_.find(user.device);
  if (!device) return no_enrolment(user.device);
  if (device->enrolment.state == EnrolmentState::ended) return has_ended(user.device);
  const bool is_new = login && !*user_login(user.enrolment);
  if (is_new && user_logins_of(user.device).size() >= options_.user_logins_max) {
    return failure(ErrorCode::overloaded,
                   "too many users have logged in on " + user.device.text());
  }
  user_logins_.edit(user.enrolment) = login;
  return {};
}

Result<std::optional<UserLogin>> MemoryTransaction::user_login(const mdm::EnrolmentId& user) {
  const std::optional<UserLogin>* login = user_logins_.find(user);
  if (!login) return std::nullopt;
  return *login;
}

std::vector<mdm::EnrolmentId> MemoryTransaction::user_logins_of(
    const mdm::EnrolmentId& device) const {
  std::vector<mdm::EnrolmentId> users = user_logins_.keys();
  const std::string prefix = device.text() + ':';
  std::erase_if(users, [&](const mdm::EnrolmentId& id) {
    return !id.text().starts_with(prefix) || !user_logins_.find(id)->has_value();
  });
  return users;
}

void MemoryTransaction::forget_user_logins(const mdm::EnrolmentId& enrolment) {
  if (user_logins_.find(enrolment)) user_logins_.edit(enrolment).reset();
  for (const mdm::EnrolmentId& user : user_logins_of(enrolment)) user_logins_.edit(user).reset();
}

}  // namespace reveille::storage::memory
