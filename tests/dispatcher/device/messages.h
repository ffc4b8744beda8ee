#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "protocol/mdm/check_in.h"
#include "protocol/mdm/report.h"
#include "protocol/plist/write.h"
#include "storage/records.h"

// What devices say, as property lists.
namespace reveille::device {

constexpr const char* topic = "com.apple.mgmt.External.test";

// The identity keys of one channel, by the rows of protocol.md section 1.
using IdentityKeys = plist::Dictionary;

inline IdentityKeys device_channel(const std::string& udid) { return {{"UDID", udid}}; }
inline IdentityKeys user_channel(const std::string& udid, const std::string& user) {
  return {{"UDID", udid}, {"UserID", user}, {"UserShortName", "user"}, {"UserLongName", "A User"}};
}
inline IdentityKeys shared_ipad_channel(const std::string& udid, const std::string& account) {
  return {{"UDID", udid},
          {"UserID", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"},
          {"UserShortName", account}};
}
inline IdentityKeys user_enrolment_channel(const std::string& enrolment) {
  return {{"EnrollmentID", enrolment}};
}
inline IdentityKeys user_enrolment_user_channel(const std::string& enrolment,
                                                const std::string& user) {
  return {{"EnrollmentID", enrolment}, {"EnrollmentUserID", user}};
}

inline plist::Dictionary with(plist::Dictionary message,
                              std::initializer_list<plist::Dictionary::Entry> more) {
  for (const auto& [key, value] : more) message.set(key, value);
  return message;
}

inline Bytes authenticate(const IdentityKeys& who, const std::string& of_topic = topic) {
  return plist::write_xml(with(who, {{"MessageType", "Authenticate"},
                                     {"Topic", of_topic},
                                     {"OSVersion", "18.1"},
                                     {"ProductName", "iPhone15,2"}}));
}

inline Bytes token_update(const IdentityKeys& who, const std::string& of_topic = topic,
                          const Bytes& token = Bytes(32, 't')) {
  return plist::write_xml(with(who, {{"MessageType", "TokenUpdate"},
                                     {"Topic", of_topic},
                                     {"Token", plist::Data{token}},
                                     {"PushMagic", "push magic"}}));
}

inline Bytes check_in_message(const IdentityKeys& who, const std::string& type,
                              std::initializer_list<plist::Dictionary::Entry> more = {}) {
  return plist::write_xml(with(with(who, {{"MessageType", type}}), more));
}

inline Bytes idle(const IdentityKeys& who) {
  return plist::write_xml(with(who, {{"Status", "Idle"}}));
}

inline Bytes report(const IdentityKeys& who, const std::string& status,
                    const std::string& command) {
  return plist::write_xml(with(who, {{"Status", status}, {"CommandUUID", command}}));
}

inline mdm::Command command(const std::string& uuid, const std::string& request_type) {
  Bytes body = plist::write_xml(plist::Dictionary{
      {"CommandUUID", uuid}, {"Command", plist::Dictionary{{"RequestType", request_type}}}});
  return {.uuid = {uuid}, .request_type = request_type, .body = std::move(body)};
}

}  // namespace reveille::device
