#include "protocol/mdm/check_in.h"

#include <iterator>
#include <utility>

#include "protocol/mdm/plain_text.h"
#include "protocol/plist/fields.h"
#include "protocol/plist/parse.h"

namespace reveille::mdm {
namespace {

using plist::Fields;

// Devices write an IMEI in groups ("35 111111 222222 3").
std::optional<std::string> digits_of(const std::optional<std::string>& text) {
  std::string digits;
  for (const char character : text.value_or("")) {
    if (character >= '0' && character <= '9') digits.push_back(character);
  }
  if (digits.empty()) return std::nullopt;
  return digits;
}

// Of all messages of a user channel (Apple: "User Authenticate", device management).
std::optional<AuthToken> read_auth_token(Fields& fields) {
  std::optional<std::string> text = fields.optional_string("AuthToken");
  if (!text) return std::nullopt;
  return AuthToken{*std::move(text)};
}

// mdm/checkin/authenticate.yaml
Result<CheckIn> parse_authenticate(Fields& fields) {
  Authenticate authenticate{
      .identity = read_identity(fields),
      .topic = fields.required_string("Topic"),
      .serial_number = fields.optional_string("SerialNumber"),
      .model = fields.optional_string("Model"),
      .model_name = fields.optional_string("ModelName"),
      .product_name = fields.optional_string("ProductName"),
      .device_name = fields.optional_string("DeviceName"),
      .os_version = fields.optional_string("OSVersion"),
      .build_version = fields.optional_string("BuildVersion"),
      .imei = digits_of(fields.optional_string("IMEI")),
      .meid = fields.optional_string("MEID"),
  };
  // It would end an enrolment, so it has to be the device that says it.
  if (authenticate.identity.is_user_channel()) fields.fail("Authenticate from a user channel");
  return fields.finish(CheckIn(std::move(authenticate)));
}

// mdm/checkin/tokenupdate.yaml
Result<CheckIn> parse_token_update(Fields& fields) {
  TokenUpdate update{
      .identity = read_identity(fields),
      .topic = fields.required_string("Topic"),
      .push_token = PushToken{fields.required_data("Token")},
      .push_magic = PushMagic{fields.required_string("PushMagic")},
      .unlock_token = fields.optional_data("UnlockToken"),
      .awaiting_configuration = fields.optional_bool("AwaitingConfiguration"),
      .not_on_console = fields.optional_bool("NotOnConsole"),
      .auth_token = read_auth_token(fields),
  };
  if (update.push_token.bytes.empty()) fields.fail("Token is empty");
  // An empty one must not replace the token that unlocks the device.
  if (update.unlock_token && update.unlock_token->empty()) update.unlock_token.reset();
  return fields.finish(CheckIn(std::move(update)));
}

// mdm/checkin/checkout.yaml
Result<CheckIn> parse_check_out(Fields& fields) {
  CheckOut check_out{
      .identity = read_identity(fields),
      .topic = fields.optional_string("Topic"),
      .auth_token = read_auth_token(fields),
  };
  return fields.finish(CheckIn(std::move(check_out)));
}

// mdm/checkin/userauthenticate.yaml
Result<CheckIn> parse_user_authenticate(Fields& fields) {
  UserAuthenticate authenticate{
      .identity = read_identity(fields),
      .digest_response = fields.optional_string("DigestResponse"),
  };
  if (!authenticate.identity.is_user_channel()) fields.fail("UserID is missing");
  return fields.finish(CheckIn(std::move(authenticate)));
}

// mdm/checkin/setbootstraptoken.yaml
Result<CheckIn> parse_set_bootstrap_token(Fields& fields) {
  SetBootstrapToken set{
      .identity = read_identity(fields),
      .bootstrap_token = fields.optional_data("BootstrapToken"),
      .awaiting_configuration = fields.optional_bool("AwaitingConfiguration"),
  };
  return fields.finish(CheckIn(std::move(set)));
}

// mdm/checkin/getbootstraptoken.yaml
Result<CheckIn> parse_get_bootstrap_token(Fields& fields) {
  GetBootstrapToken get{.identity = read_identity(fields)};
  return fields.finish(CheckIn(std::move(get)));
}

// mdm/checkin/gettoken.yaml
Result<CheckIn> parse_get_token(Fields& fields) {
  GetToken get{
      .identity = read_identity(fields),
      .token_service_type = fields.required_string("TokenServiceType"),
      .token_parameters = {},
      .auth_token = read_auth_token(fields),
  };
  if (const auto* parameters = fields.optional_dictionary("TokenParameters")) {
    get.token_parameters = *parameters;
  }
  return fields.finish(CheckIn(std::move(get)));
}

// mdm/checkin/declarativemanagement.yaml
Result<CheckIn> parse_declarative_management(Fields& fields) {
  DeclarativeManagement management{
      .identity = read_identity(fields),
      .endpoint = fields.required_string("Endpoint"),
      .data = fields.optional_data("Data"),
      .auth_token = read_auth_token(fields),
  };
  return fields.finish(CheckIn(std::move(management)));
}

// mdm/checkin/returntoservice.yaml of the releases for the systems 26
Result<CheckIn> parse_return_to_service(Fields& fields) {
  ReturnToService ask{.identity = read_identity(fields)};
  return fields.finish(CheckIn(std::move(ask)));
}

}  // namespace

Result<CheckIn> parse_check_in(BytesView body) {
  const Result<plist::Dictionary> message = plist::parse_dictionary(body);
  if (!message) return std::unexpected(message.error());
  Fields fields(*message);
  const std::string type = fields.required_string("MessageType");
  if (fields.failed()) return fields.finish(CheckIn());

  if (type == "Authenticate") return parse_authenticate(fields);
  if (type == "TokenUpdate") return parse_token_update(fields);
  if (type == "CheckOut") return parse_check_out(fields);
  if (type == "UserAuthenticate") return parse_user_authenticate(fields);
  if (type == "SetBootstrapToken") return parse_set_bootstrap_token(fields);
  if (type == "GetBootstrapToken") return parse_get_bootstrap_token(fields);
  if (type == "GetToken") return parse_get_token(fields);
  if (type == "DeclarativeManagement") return parse_declarative_management(fields);
  if (type == "ReturnToService") return parse_return_to_service(fields);
  return failure(ErrorCode::malformed, "unknown MessageType " + printable_start(type));
}

const Identity& identity_of(const CheckIn& check_in) {
  return std::visit([](const auto& message) -> const Identity& { return message.identity; },
                    check_in);
}

const char* name_of(const CheckIn& check_in) {
  // In the order of the variant's types.
  constexpr const char* names[] = {
      "Authenticate",      "TokenUpdate", "CheckOut",              "UserAuthenticate", "SetBootstrapToken",
      "GetBootstrapToken", "GetToken",    "DeclarativeManagement", "ReturnToService",
  };
  static_assert(std::size(names) == std::variant_size_v<CheckIn>);
  return names[check_in.index()];
}

const AuthToken* auth_token_of(const CheckIn& check_in) {
  return std::visit(
      [](const auto& message) -> const AuthToken* {
        if constexpr (requires { message.auth_token; }) {
          return message.auth_token ? &*message.auth_token : nullptr;
        } else {
          return nullptr;
        }
      },
      check_in);
}

}  // namespace reveille::mdm
