#include "tools/simulators/device/bodies.h"

#include <fmt/format.h>

#include <utility>

#include "protocol/plist/write.h"

namespace reveille::simulators::device {
namespace {

using plist::Dictionary;

// The identity keys of a message, and the AuthToken of one who has it.
Dictionary message_of(const Speaker& speaker, const OptionalAuthToken& auth_token = {}) {
  const KindTraits& traits = traits_of(speaker.kind);
  Dictionary message{{traits.by_enrolment_id ? "EnrollmentID" : "UDID", speaker.device}};
  if (speaker.user) {
    message.set(traits.by_enrolment_id ? "EnrollmentUserID" : "UserID", speaker.user->id);
    message.set("UserShortName", speaker.user->short_name);
    message.set("UserLongName", "Simulated " + speaker.user->short_name);
  }
  if (auth_token) message.set("AuthToken", *auth_token);
  return message;
}

Dictionary check_in_of(const Speaker& speaker, const char* type,
                       const OptionalAuthToken& auth_token = {}) {
  Dictionary message = message_of(speaker, auth_token);
  message.set("MessageType", type);
  return message;
}

Dictionary report_of(const Speaker& speaker, const OptionalAuthToken& auth_token,
                     Occasion occasion) {
  Dictionary message = message_of(speaker, auth_token);
  if (occasion == Occasion::login) message.set("NeedSyncResponse", true);
  if (occasion == Occasion::user_setup) message.set("UserConfiguration", true);
  return message;
}

const char* product_of(const KindTraits& traits) {
  if (traits.is_mac) return "Mac15,3";
  return traits.is_shared ? "iPad14,3" : "iPhone16,1";
}

// protocol.md section 9: a User Enrolment does not disclose its UDID.
Dictionary device_information(const Speaker& speaker) {
  const KindTraits& traits = traits_of(speaker.kind);
  Dictionary answers{{"DeviceName", std::string("Simulated ") + product_of(traits)},
                     {"OSVersion", traits.is_mac ? "15.1" : "18.1"},
                     {"BuildVersion", traits.is_mac ? "24B83" : "22B83"},
                     {"ModelName", traits.is_mac ? "MacBook Pro" : "iPhone"},
                     {"ProductName", product_of(traits)},
                     {"DeviceCapacity", 128.0},
                     {"AvailableDeviceCapacity", 96.5},
                     {"BatteryLevel", 0.73},
                     {"IsSupervised", traits.is_mac && !traits.is_account_driven}};
  if (!traits.by_enrolment_id) answers.set("UDID", speaker.device);
  return answers;
}

plist::Array error_chain() {
  const Dictionary item{{"ErrorCode", 12021},
                        {"ErrorDomain", "MCMDMErrorDomain"},
                        {"LocalizedDescription", "The simulated device was told to fail."},
                        {"USEnglishDescription", "The simulated device was told to fail."}};
  return plist::Array{item};
}

// Applications until it is as large as asked; each takes just under 200 bytes of XML.
plist::Array many_applications(std::size_t bytes) {
  plist::Array applications;
  for (std::size_t i = 0; i < bytes / 190 + 1; ++i) {
    applications.emplace_back(
        Dictionary{{"Identifier", fmt::format("com.example.simulated.{:08}", i)},
                   {"Name", fmt::format("Simulated {:08}", i)},
                   {"Version", "1.0"}});
  }
  return applications;
}

}  // namespace

Bytes authenticate_body(const Speaker& speaker, const std::string& serial_number,
                        const std::string& topic) {
  const KindTraits& traits = traits_of(speaker.kind);
  Dictionary message = check_in_of(speaker, "Authenticate");
  message.set("BuildVersion", traits.is_mac ? "24B83" : "22B83");
  message.set("OSVersion", traits.is_mac ? "15.1" : "18.1");
  message.set("ProductName", product_of(traits));
  message.set("Topic", topic);
  if (!traits.by_enrolment_id) message.set("SerialNumber", serial_number);
  if (traits.is_mac) {
    message.set("DeviceName", "Simulated Mac");
    message.set("Model", "Mac15,3");
    message.set("ModelName", "MacBook Pro");
  }
  return plist::write_xml(message);
}

Bytes token_update_body(const Speaker& speaker, const std::string& topic,
                        const PushAddress& address, const OptionalAuthToken& auth_token,
                        AwaitingConfiguration awaiting) {
  const KindTraits& traits = traits_of(speaker.kind);
  Dictionary message = check_in_of(speaker, "TokenUpdate", auth_token);
  message.set("AwaitingConfiguration", awaiting == AwaitingConfiguration::yes);
  message.set("PushMagic", address.magic);
  message.set("Token", plist::Data{address.token});
  message.set("Topic", topic);
  if (traits.is_mac && speaker.is_user_channel()) message.set("NotOnConsole", false);
  const bool has_passcode = !traits.is_mac && !traits.is_shared && !traits.by_enrolment_id;
  if (has_passcode) message.set("UnlockToken", plist::Data{Bytes(2'048, 'u')});
  return plist::write_xml(message);
}

Bytes check_out_body(const Speaker& speaker, const std::string& topic) {
  Dictionary message = check_in_of(speaker, "CheckOut");
  message.set("Topic", topic);
  return plist::write_xml(message);
}

Bytes user_authenticate_body(const Speaker& speaker, const std::string& response) {
  Dictionary message = check_in_of(speaker, "UserAuthenticate");
  if (!response.empty()) message.set("DigestResponse", response);
  return plist::write_xml(message);
}

Bytes set_bootstrap_token_body(const Speaker& speaker, BytesView token) {
  Dictionary message = check_in_of(speaker, "SetBootstrapToken");
  message.set("BootstrapToken", plist::Data{Bytes(token)});
  return plist::write_xml(message);
}

Bytes get_bootstrap_token_body(const Speaker& speaker) {
  return plist::write_xml(check_in_of(speaker, "GetBootstrapToken"));
}

Bytes get_token_body(const Speaker& speaker, const std::string& service,
                     const OptionalAuthToken& auth_token) {
  Dictionary message = check_in_of(speaker, "GetToken", auth_token);
  message.set("TokenServiceType", service);
  if (service == "com.apple.watch.pairing") {
    message.set("TokenParameters", Dictionary{{"SecurityToken", "simulated"},
                                              {"PhoneUDID", speaker.device},
                                              {"WatchUDID", "WATCH-" + speaker.device}});
  }
  return plist::write_xml(message);
}

Bytes declarations_body(const Speaker& speaker, const std::string& endpoint,
                        const std::optional<Bytes>& data, const OptionalAuthToken& auth_token) {
  Dictionary message = check_in_of(speaker, "DeclarativeManagement", auth_token);
  message.set("Endpoint", endpoint);
  if (data) message.set("Data", plist::Data{*data});
  return plist::write_xml(message);
}

Bytes return_to_service_body(const Speaker& speaker) {
  return plist::write_xml(check_in_of(speaker, "ReturnToService"));
}

Bytes idle_body(const Speaker& speaker, const OptionalAuthToken& auth_token, Occasion occasion) {
  Dictionary message = report_of(speaker, auth_token, occasion);
  message.set("Status", "Idle");
  return plist::write_xml(message);
}

Bytes report_body(const Speaker& speaker, mdm::Status status, const mdm::Command& command,
                  std::size_t padding_bytes, const OptionalAuthToken& auth_token,
                  Occasion occasion) {
  Dictionary message = report_of(speaker, auth_token, occasion);
  message.set("Status", mdm::name_of(status));
  message.set("CommandUUID", command.uuid.text);
  const bool failed = status == mdm::Status::error || status == mdm::Status::command_format_error;
  if (failed) message.set("ErrorChain", error_chain());
  if (status == mdm::Status::acknowledged && command.request_type == "DeviceInformation") {
    message.set("QueryResponses", device_information(speaker));
  }
  if (padding_bytes > 0) {
    message.set("InstalledApplicationList", many_applications(padding_bytes));
  }
  return plist::write_xml(message);
}

}  // namespace reveille::simulators::device
