// Check-in messages as files: a row for every one of the corpus and of our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "protocol/mdm/check_in.h"
#include "protocol/plist/parse.h"
#include "tests/support/message_files.h"
#include "tests/support/plist_facts.h"

namespace reveille::mdm {
namespace {

using plist::Data;
using testing_support::contents_of;
using testing_support::corpus_folder;
using testing_support::expect_facts;
using testing_support::Fact;
using testing_support::file_names_in;
using testing_support::files_of;
using testing_support::has;
using testing_support::is;
using testing_support::lacks;
using testing_support::NamedAfterFile;
using testing_support::testdata_folder;
using enum IdentityKind;

struct AcceptedFile {
  const char* file;
  const char* type;
  IdentityKind kind;
  const char* enrolment;
  std::vector<Fact> facts;  // of the property list

  friend void PrintTo(const AcceptedFile& row, std::ostream* out) { *out << row.file; }
};

struct RefusedFile {
  const char* file;
  const char* reason;

  friend void PrintTo(const RefusedFile& row, std::ostream* out) { *out << row.file; }
};

constexpr const char* zentral_mac = "00008112-000A1B2C3D4E5F60";
constexpr const char* adde_ipad = "00008027-001E2D3C4B5A6978";
constexpr const char* user_enrolment = "5D4E0A1C-7B1B-4F0E-9E0B-2B6A2E0C7A11";
constexpr const char* commandment_mac = "00000000-1111-2222-3333-444455556666";
constexpr const char* docs_mac = "A5EF1BA1-586D-4F29-B4F3-759DADAC2DDD";
constexpr const char* go_mac = "FA01680E-98CA-5557-8F59-7716ECFEE964";
constexpr const char* old_ipad = "663b07bb783e9ade1dae4fbb92ea12afc0ce5b69";

const std::vector<AcceptedFile> corpus_accepted = {
    {"authenticate-ios-11.3.1-ipad-wifi.plist",
     "Authenticate",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     {lacks("IMEI"), lacks("MEID"), is("ProductName", "iPad4,1"),
      is("Topic", "com.apple.mgmt.XServer.1c111c11-1c11-1c11-1c11-1c111c111c11")}},
    {"authenticate-ios-11.3.1-iphone-cellular.plist",
     "Authenticate",
     device,
     "1111111111111111111111111111111111111111",
     {is("IMEI", "11 111111 111111 1"), is("MEID", "1111111111111"),
      is("ProductName", "iPhone7,2")}},
    {"authenticate-ios-15.7-user-enrollment.plist",
     "Authenticate",
     user_enrolment_device,
     user_enrolment,
     {lacks("UDID"), lacks("SerialNumber"), is("OSVersion", "15.7"), is("BuildVersion", "19H12")}},
    {"authenticate-ios-9.3.5-device.plist",
     "Authenticate",
     device,
     old_ipad,
     {is("SerialNumber", "F5JM992LF193"), is("ProductName", "iPad2,5"), lacks("DeviceName"),
      lacks("Model"), is("BuildVersion", "13G36")}},
    {"authenticate-ipados-17.0-account-driven-device.plist",
     "Authenticate",
     device,
     adde_ipad,
     {is("SerialNumber", "SERIALNUMBER1"), is("IMEI", "35 111111 222222 3")}},
    {"authenticate-macos-10.11.6-device.plist",
     "Authenticate",
     device,
     commandment_mac,
     {is("SerialNumber", "C00000000004"), is("Model", "iMac15,1"),
      is("Topic", "com.apple.mgmt.test.00000000-1111-2222-3333-444455556666")}},
    {"authenticate-macos-10.11.6-goencoded-empty-keys.plist",
     "Authenticate",
     device,
     go_mac,
     {is("SerialNumber", "C02RX6G8G8WP"), is("IMEI", ""), is("MEID", ""), is("PushMagic", ""),
      has("Token", 0), has("UnlockToken", 0), is("AwaitingConfiguration", false)}},
    {"authenticate-macos-10.12.6-device.plist",
     "Authenticate",
     device,
     "66ADE930-5FDF-5EC4-8429-15640684C489",
     {is("SerialNumber", "C02MT66KFLHH"), is("Challenge", Data{"apple"})}},
    {"authenticate-macos-10.13.6-device.plist",
     "Authenticate",
     device,
     docs_mac,
     {is("SerialNumber", "C04W00D3HTD0"), is("OSVersion", "10.13.6")}},
    {"authenticate-macos-12.4-ade.plist",
     "Authenticate",
     device,
     zentral_mac,
     {lacks("ProductName"), is("BuildVersion", "21F79")}},
    {"checkout-ipados-17.0-adde.plist", "CheckOut", device, adde_ipad, {}},
    {"checkout-macos-10.11-device.plist", "CheckOut", device, commandment_mac, {}},
    {"checkout-macos-10.13.6-device.plist", "CheckOut", device, docs_mac, {}},
    {"checkout-macos-goencoded-empty-keys.plist",
     "CheckOut",
     device,
     go_mac,
     {is("SerialNumber", ""), has("Token", 0)}},
    {"declarativemanagement-declaration-asset.plist",
     "DeclarativeManagement",
     device,
     zentral_mac,
     {is("Endpoint", "declaration/asset/zentral.data-asset.0b6dce3c-8ff8-4c9d-8f6f-6ad5e7a1a1b2")}},
    {"declarativemanagement-declaration-configuration.plist",
     "DeclarativeManagement",
     device,
     zentral_mac,
     {is("Endpoint",
         "declaration/configuration/zentral.legacy-profile.10e26c4a-600b-400e-a922-f07c24e453fe")}},
    {"declarativemanagement-declaration-items.plist",
     "DeclarativeManagement",
     device,
     zentral_mac,
     {is("Endpoint", "declaration-items")}},
    {"declarativemanagement-declaration-management.plist",
     "DeclarativeManagement",
     device,
     zentral_mac,
     {is("Endpoint", "declaration/management/com.example.organization-info")}},
    {"declarativemanagement-declaration-unknown.plist",
     "DeclarativeManagement",
     device,
     zentral_mac,
     {is("Endpoint", "declaration/configuration/zentral.legacy-profile.")}},
    {"declarativemanagement-status-macos-13.3.1.plist",
     "DeclarativeManagement",
     device,
     zentral_mac,
     {is("Endpoint", "status"), has("Data", 3189)}},
    {"declarativemanagement-status-nonascii.plist",
     "DeclarativeManagement",
     device,
     adde_ipad,
     {is("Endpoint", "status"), has("Data", 1067)}},
    {"declarativemanagement-tokens-with-data.plist",
     "DeclarativeManagement",
     device,
     zentral_mac,
     {is("Endpoint", "tokens"), has("Data", 9)}},
    {"declarativemanagement-tokens.plist",
     "DeclarativeManagement",
     device,
     zentral_mac,
     {is("Endpoint", "tokens"), lacks("Data")}},
    // Ambiguous; UDID wins, as in NanoMDM.
    {"derived-tokenupdate-udid-and-enrollmentid.plist",
     "TokenUpdate",
     device,
     zentral_mac,
     {is("EnrollmentID", user_enrolment)}},
    {"getbootstraptoken-macos.plist", "GetBootstrapToken", device, zentral_mac, {}},
    {"gettoken-ios-15.7-user-enrollment.plist",
     "GetToken",
     user_enrolment_device,
     user_enrolment,
     {is("TokenServiceType", "com.apple.maid"), lacks("Topic")}},
    {"gettoken-maid-udid-test.plist",
     "GetToken",
     device,
     "test",
     {is("TokenServiceType", "com.apple.maid")}},
    {"schema-authenticate-macos-user-enrollment.plist",
     "Authenticate",
     user_enrolment_device,
     user_enrolment,
     {lacks("UDID"), is("OSVersion", "14.5")}},
    {"schema-authenticate-tvos-18.plist",
     "Authenticate",
     device,
     "00008110-001A2B3C4D5E6F70",
     {is("OSVersion", "18.1")}},
    {"schema-authenticate-visionos.plist",
     "Authenticate",
     device,
     "00008112-0123456789ABCDEF",
     {is("OSVersion", "2.1")}},
    {"schema-declarativemanagement-user-enrollment-tokens.plist",
     "DeclarativeManagement",
     user_enrolment_device,
     user_enrolment,
     {lacks("UDID"), is("Endpoint", "tokens")}},
    {"schema-gettoken-watch-pairing.plist",
     "GetToken",
     device,
     zentral_mac,
     {is("TokenServiceType", "com.apple.watch.pairing"), has("TokenParameters", 3)}},
    {"schema-tokenupdate-macos-user-enrollment-user.plist",
     "TokenUpdate",
     user_enrolment_user,
     "5D4E0A1C-7B1B-4F0E-9E0B-2B6A2E0C7A11:9A7E1C52-0E0B-4D14-8C3B-6B0F0B5B8D21",
     {}},
    {"schema-tokenupdate-shared-ipad-user.plist",
     "TokenUpdate",
     shared_ipad_user,
     "00008027-001E2D3C4B5A6978:student1@example.com",
     {is("UserID", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF")}},
    {"schema-userauthenticate-digestresponse.plist",
     "UserAuthenticate",
     user,
     "00008112-000A1B2C3D4E5F60:A0F1E2D3-C4B5-4697-8889-7A6B5C4D3E2F",
     {}},
    {"setbootstraptoken-macos-no-awaitingconfiguration-empty.plist",
     "SetBootstrapToken",
     device,
     zentral_mac,
     {has("BootstrapToken", 0), lacks("AwaitingConfiguration")}},
    {"setbootstraptoken-macos.plist",
     "SetBootstrapToken",
     device,
     zentral_mac,
     {has("BootstrapToken", 192), is("AwaitingConfiguration", false)}},
    {"tokenupdate-ios-15.7-user-enrollment.plist",
     "TokenUpdate",
     user_enrolment_device,
     user_enrolment,
     {has("Token", 32)}},
    {"tokenupdate-ios-9.3.5-device-unlocktoken.plist",
     "TokenUpdate",
     device,
     old_ipad,
     {has("Token", 32), has("UnlockToken", 1288), is("AwaitingConfiguration", false)}},
    {"tokenupdate-ios-no-awaitingconfiguration.plist",
     "TokenUpdate",
     device,
     "00008110-00151D8A0E38801E",
     {lacks("AwaitingConfiguration"), is("NotOnConsole", false), lacks("UserID")}},
    {"tokenupdate-ipados-17.0-adde-second-no-unlocktoken.plist",
     "TokenUpdate",
     device,
     adde_ipad,
     {lacks("UnlockToken"), has("Token", 35)}},
    {"tokenupdate-macos-10.11-device.plist",
     "TokenUpdate",
     device,
     commandment_mac,
     {is("Token", Data{"apple"})}},
    {"tokenupdate-macos-10.12.2-device.plist",
     "TokenUpdate",
     device,
     "E3568F17-92ED-450A-8904-C3BF4CB7E9A5",
     {has("Token", 37), is("PushMagic", "B81B1FEC-09C6-4EC2-871C-E521EC971B38")}},
    {"tokenupdate-macos-10.13.6-device-16byte-token.plist",
     "TokenUpdate",
     device,
     docs_mac,
     {has("Token", 16)}},
    {"tokenupdate-macos-device-6byte-token.plist",
     "TokenUpdate",
     device,
     "BC5E2DA4-7FB6-5E70-9928-4981680DAFBF",
     {is("Token", Data{"abcde\n"})}},
    {"tokenupdate-macos-device-nanocmd.plist",
     "TokenUpdate",
     device,
     "FF269FDC-7A93-5F12-A4B7-09923F0D1F7F",
     {has("Token", 32), is("PushMagic", "04EAC351-56EA-4FFF-89A7-C76B1306F36A")}},
    {"tokenupdate-macos-user.plist",
     "TokenUpdate",
     user,
     "00008112-000A1B2C3D4E5F60:A0F1E2D3-C4B5-4697-8889-7A6B5C4D3E2F",
     {is("UserShortName", "yolo")}},
    {"userauthenticate-macos-first.plist",
     "UserAuthenticate",
     user,
     "00008112-000A1B2C3D4E5F60:A0F1E2D3-C4B5-4697-8889-7A6B5C4D3E2F",
     {lacks("DigestResponse")}},
};

const std::vector<RefusedFile> corpus_refused = {
    {"tokenupdate-ios-11.3.1-invalid-base64.plist", "<data> is not base64"},
    // "AAAA=" has one '=' too many: data that is not exact is not guessed at.
    {"tokenupdate-macos-10.11-user-badpadding.plist", "<data> is not base64"},
    {"unknown-messagetype.plist", "unknown MessageType OldManYellsAtCloud.gif"},
    {"userauthenticate-macos-no-userid.plist", "UserID is missing"},
};

constexpr const char* own_phone = "00008140-000B5A2C1E3D801F";
constexpr const char* own_ipad = "3f9c0d7a52e84b16c07d91ae25f38b604d1c7e92";
constexpr const char* own_mac = "8C2E6F14-5B3A-5D97-A1C0-7F4E9D2B6A35";
constexpr const char* own_mac_user =
    "8C2E6F14-5B3A-5D97-A1C0-7F4E9D2B6A35:2F6D9B40-7C1E-4A85-B3D2-5E8F1A0C7B94";
constexpr const char* own_user_enrolment = "C7D1E0A9-4B52-4E3F-8D96-1A2B3C4D5E6F";

const std::vector<AcceptedFile> own_accepted = {
    {"authenticate-ipad-40-character-udid.plist",
     "Authenticate",
     device,
     own_ipad,
     {lacks("IMEI"), is("SerialNumber", "RVLPAD000002")}},
    {"authenticate-iphone-cellular.plist",
     "Authenticate",
     device,
     own_phone,
     {is("IMEI", "49 015420 323751 8"), is("MEID", "49015420323751")}},
    {"authenticate-mac.plist",
     "Authenticate",
     device,
     own_mac,
     {is("DeviceName", "Caf\xc3\xa9 \xe2\x80\x99till"), is("Challenge", Data{"reveille"})}},
    {"authenticate-one-line-empty-keys.plist",
     "Authenticate",
     device,
     own_mac,
     {is("IMEI", ""), has("Token", 0), is("UserID", "")}},
    {"authenticate-user-enrolment.plist",
     "Authenticate",
     user_enrolment_device,
     own_user_enrolment,
     {lacks("UDID"), lacks("SerialNumber")}},
    {"binary-token-update-mac.plist", "TokenUpdate", device, own_mac, {has("Token", 32)}},
    {"check-out-iphone.plist", "CheckOut", device, own_phone, {}},
    {"check-out-user-enrolment-no-topic.plist",
     "CheckOut",
     user_enrolment_device,
     own_user_enrolment,
     {lacks("Topic")}},
    {"declarative-management-declaration.plist",
     "DeclarativeManagement",
     user,
     own_mac_user,
     {is("Endpoint", "declaration/configuration/org.example.passcode.v2")}},
    {"declarative-management-status.plist",
     "DeclarativeManagement",
     user_enrolment_device,
     own_user_enrolment,
     {is("Endpoint", "status"), has("Data", 106)}},
    {"declarative-management-tokens.plist",
     "DeclarativeManagement",
     device,
     own_phone,
     {is("Endpoint", "tokens"), lacks("Data")}},
    {"get-bootstrap-token.plist", "GetBootstrapToken", device, own_mac, {}},
    {"get-token-maid.plist",
     "GetToken",
     user_enrolment_device,
     own_user_enrolment,
     {is("TokenServiceType", "com.apple.maid"), lacks("Topic")}},
    {"get-token-watch-pairing.plist",
     "GetToken",
     device,
     own_phone,
     {has("TokenParameters", 3), is("TokenParameters/SecurityToken", "b25lLXRpbWU=")}},
    {"set-bootstrap-token-absent.plist",
     "SetBootstrapToken",
     device,
     own_mac,
     {lacks("BootstrapToken")}},
    {"set-bootstrap-token-empty.plist",
     "SetBootstrapToken",
     device,
     own_mac,
     {has("BootstrapToken", 0)}},
    {"set-bootstrap-token.plist",
     "SetBootstrapToken",
     device,
     own_mac,
     {is("BootstrapToken", Data{"\x01\x02"
                                "bootstrap\xff"})}},
    {"token-update-both-ids.plist",
     "TokenUpdate",
     device,
     own_mac,
     {is("EnrollmentID", own_user_enrolment)}},
    {"token-update-ipad-37-byte-token.plist", "TokenUpdate", device, own_ipad, {has("Token", 37)}},
    {"token-update-iphone-unlock-token.plist",
     "TokenUpdate",
     device,
     own_phone,
     {has("UnlockToken", 1500), is("AwaitingConfiguration", true)}},
    {"token-update-mac-5-byte-token.plist",
     "TokenUpdate",
     device,
     own_mac,
     {is("Token", Data{"brief"})}},
    {"token-update-mac-user.plist",
     "TokenUpdate",
     user,
     own_mac_user,
     {is("UserShortName", "rosa"), is("NotOnConsole", false)}},
    {"token-update-shared-ipad-user.plist",
     "TokenUpdate",
     shared_ipad_user,
     "00008132-00157C4A3B6E401C:rosa@school.example",
     {is("AwaitingConfiguration", true)}},
    {"token-update-user-enrolment-user.plist",
     "TokenUpdate",
     user_enrolment_user,
     "C7D1E0A9-4B52-4E3F-8D96-1A2B3C4D5E6F:94B0C2D7-1E6F-4C38-A5B9-0D7E2F4A6C81",
     {is("NotOnConsole", true)}},
    {"token-update-user-enrolment.plist",
     "TokenUpdate",
     user_enrolment_device,
     own_user_enrolment,
     {has("Token", 32)}},
    {"user-authenticate-digest.plist", "UserAuthenticate", user, own_mac_user, {}},
    {"user-authenticate-first.plist",
     "UserAuthenticate",
     user,
     own_mac_user,
     {lacks("DigestResponse")}},
};

const std::vector<RefusedFile> own_refused = {
    {"refused-authenticate-user-channel.plist", "Authenticate from a user channel"},
    {"refused-no-identity.plist", "UDID and EnrollmentID are missing"},
    {"refused-no-type.plist", "MessageType is missing"},
    {"refused-shared-ipad-no-short-name.plist", "UserShortName is missing"},
    {"refused-token-update-empty-token.plist", "Token is empty"},
    {"refused-token-update-no-magic.plist", "PushMagic is missing"},
    {"refused-token-update-not-base64.plist", "<data> is not base64"},
    {"refused-token-update-truncated.plist", "an element does not end"},
    {"refused-unknown-type.plist", "unknown MessageType Reveille"},
    {"refused-user-authenticate-no-user.plist", "UserID is missing"},
};

// Holds what was read against the property list, key by key: an empty string counts as absent.
struct KeptFields {
  const plist::Dictionary& message;

  template <typename Kind>
  const Kind* find(const char* key) const {
    const plist::Value* value = message.find(key);
    return value == nullptr ? nullptr : value->get_if<Kind>();
  }
  std::optional<std::string> text(const char* key) const {
    const auto* found = find<std::string>(key);
    return found == nullptr || found->empty() ? std::nullopt : std::optional(*found);
  }
  std::optional<Bytes> data(const char* key) const {
    const auto* found = find<Data>(key);
    return found == nullptr ? std::nullopt : std::optional(found->bytes);
  }
  std::optional<bool> boolean(const char* key) const {
    const auto* found = find<bool>(key);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }

  void operator()(const Authenticate& read) const {
    EXPECT_EQ(read.topic, text("Topic"));
    EXPECT_EQ(read.serial_number, text("SerialNumber"));
    EXPECT_EQ(read.model, text("Model"));
    EXPECT_EQ(read.model_name, text("ModelName"));
    EXPECT_EQ(read.product_name, text("ProductName"));
    EXPECT_EQ(read.device_name, text("DeviceName"));
    EXPECT_EQ(read.os_version, text("OSVersion"));
    EXPECT_EQ(read.build_version, text("BuildVersion"));
    EXPECT_EQ(read.meid, text("MEID"));
    EXPECT_EQ(read.imei.has_value(), text("IMEI").has_value());
    if (read.imei) {
      EXPECT_THAT(*read.imei, testing::MatchesRegex("[0-9]{15}"));
    }
  }
  void operator()(const TokenUpdate& read) const {
    EXPECT_EQ(read.topic, text("Topic"));
    EXPECT_EQ(read.push_token.bytes, data("Token"));
    EXPECT_EQ(read.push_magic.text, text("PushMagic"));
    EXPECT_EQ(read.unlock_token, data("UnlockToken"));
    EXPECT_EQ(read.awaiting_configuration, boolean("AwaitingConfiguration"));
    EXPECT_EQ(read.not_on_console, boolean("NotOnConsole"));
  }
  void operator()(const CheckOut& read) const { EXPECT_EQ(read.topic, text("Topic")); }
  void operator()(const UserAuthenticate& read) const {
    EXPECT_EQ(read.digest_response, text("DigestResponse"));
  }
  void operator()(const SetBootstrapToken& read) const {
    EXPECT_EQ(read.bootstrap_token, data("BootstrapToken"));
    EXPECT_EQ(read.awaiting_configuration, boolean("AwaitingConfiguration"));
  }
  void operator()(const GetBootstrapToken& read) const {
    EXPECT_EQ(read.identity.device.text(), text("UDID"));
  }
  void operator()(const GetToken& read) const {
    EXPECT_EQ(read.token_service_type, text("TokenServiceType"));
    const auto* parameters = find<plist::Dictionary>("TokenParameters");
    EXPECT_EQ(read.token_parameters, parameters == nullptr ? plist::Dictionary{} : *parameters);
  }
  void operator()(const DeclarativeManagement& read) const {
    EXPECT_EQ(read.endpoint, text("Endpoint"));
    EXPECT_EQ(read.data, data("Data"));
  }
  void operator()(const ReturnToService& read) const {
    EXPECT_EQ(read.identity.device.text(), text("UDID"));
  }
};

void expect_read(const AcceptedFile& row, const Bytes& body) {
  const Result<CheckIn> check_in = parse_check_in(body);
  ASSERT_TRUE(check_in) << check_in.error().detail;
  EXPECT_STREQ(name_of(*check_in), row.type);
  EXPECT_EQ(identity_of(*check_in).kind, row.kind);
  EXPECT_EQ(identity_of(*check_in).enrolment.text(), row.enrolment);

  const Result<plist::Dictionary> message = plist::parse_dictionary(body);
  ASSERT_TRUE(message);
  expect_facts(*message, row.facts);
  std::visit(KeptFields{*message}, *check_in);
}

void expect_refused(const RefusedFile& row, const Bytes& body) {
  const Result<CheckIn> check_in = parse_check_in(body);
  ASSERT_FALSE(check_in);
  EXPECT_EQ(check_in.error().code, ErrorCode::malformed);
  EXPECT_THAT(check_in.error().detail, testing::HasSubstr(row.reason));
}

class CorpusCheckInTest : public testing::TestWithParam<AcceptedFile> {};
class CorpusRefusedCheckInTest : public testing::TestWithParam<RefusedFile> {};
class OwnCheckInTest : public testing::TestWithParam<AcceptedFile> {};
class OwnRefusedCheckInTest : public testing::TestWithParam<RefusedFile> {};

TEST_P(CorpusCheckInTest, IsReadAsTheIndexSays) {
  SKIP_WITHOUT_CORPUS();
  expect_read(GetParam(), contents_of(corpus_folder("check-in") / GetParam().file));
}

TEST_P(CorpusRefusedCheckInTest, IsRefused) {
  SKIP_WITHOUT_CORPUS();
  expect_refused(GetParam(), contents_of(corpus_folder("check-in") / GetParam().file));
}

TEST_P(OwnCheckInTest, IsReadAsItsNameSays) {
  expect_read(GetParam(), contents_of(testdata_folder("check-in") / GetParam().file));
}

TEST_P(OwnRefusedCheckInTest, IsRefused) {
  expect_refused(GetParam(), contents_of(testdata_folder("check-in") / GetParam().file));
}

INSTANTIATE_TEST_SUITE_P(CheckIn, CorpusCheckInTest, testing::ValuesIn(corpus_accepted),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(CheckIn, CorpusRefusedCheckInTest, testing::ValuesIn(corpus_refused),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(CheckIn, OwnCheckInTest, testing::ValuesIn(own_accepted),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(CheckIn, OwnRefusedCheckInTest, testing::ValuesIn(own_refused),
                         NamedAfterFile());

TEST(CorpusCheckInFilesTest, TheSpacesOfAnImeiAreDropped) {
  SKIP_WITHOUT_CORPUS();
  const auto imei_in = [](const char* file) {
    const auto check_in = parse_check_in(contents_of(corpus_folder("check-in") / file));
    return std::get<Authenticate>(*check_in).imei;
  };
  EXPECT_EQ(imei_in("authenticate-ios-11.3.1-iphone-cellular.plist"), "111111111111111");
  EXPECT_EQ(imei_in("authenticate-ipados-17.0-account-driven-device.plist"), "351111112222223");
}

TEST(CorpusCheckInFilesTest, AnEscrowKeybagOverManyLinesIsReadWhole) {
  SKIP_WITHOUT_CORPUS();
  const auto check_in = parse_check_in(
      contents_of(corpus_folder("check-in") / "tokenupdate-ios-9.3.5-device-unlocktoken.plist"));
  EXPECT_THAT(*std::get<TokenUpdate>(*check_in).unlock_token, testing::StartsWith("DATA"));
}

TEST(CorpusCheckInFilesTest, EveryFileHasARow) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_EQ(file_names_in(corpus_folder("check-in")), files_of(corpus_accepted, corpus_refused));
}

TEST(OwnCheckInFilesTest, EveryFileHasARow) {
  EXPECT_EQ(file_names_in(testdata_folder("check-in")), files_of(own_accepted, own_refused));
}

}  // namespace
}  // namespace reveille::mdm
