// What devices say when they connect, as files: a row for every one of the corpus and of our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "protocol/mdm/report.h"
#include "protocol/plist/parse.h"
#include "tests/support/message_files.h"
#include "tests/support/plist_facts.h"

namespace reveille::mdm {
namespace {

using plist::Date;
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
using enum Status;

struct AcceptedFile {
  const char* file;
  IdentityKind kind;
  const char* enrolment;
  Status status;
  const char* command_uuid;
  std::vector<std::pair<std::string, std::int64_t>> error_chain;  // domain, code
  std::vector<Fact> facts;                                        // of the property list

  friend void PrintTo(const AcceptedFile& row, std::ostream* out) { *out << row.file; }
};

struct RefusedFile {
  const char* file;
  const char* reason;

  friend void PrintTo(const RefusedFile& row, std::ostream* out) { *out << row.file; }
};

const std::vector<AcceptedFile> corpus_accepted = {
    {"acknowledged-macos-10.13.6-micromdm-docs.plist",
     device,
     "A5EF1BA1-586D-4F29-B4F3-759DADAC2DDD",
     acknowledged,
     "41d35de3-a343-4146-ba4b-0069bae2a54f",
     {},
     {}},
    {"acknowledged-macos-installprofile.plist",
     device,
     "6362F867-FFF2-4EA6-905C-3C796DF4EF68",
     acknowledged,
     "D053EE3A-EE0E-4E82-87D2-BB3624186694",
     {},
     {}},
    {"availableosupdates-ios-11.3.1.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     acknowledged,
     "8fb53ef6-5fcd-46c2-bf05-ee502406f240",
     {},
     {has("AvailableOSUpdates", 1), is("AvailableOSUpdates/0/DownloadSize", 225236247)}},
    {"availableosupdates-macos-10.12.5.plist",
     device,
     "00000000-1111-2222-3333-444455556666",
     acknowledged,
     "00000000-1111-2222-3333-444455556666",
     {},
     {has("AvailableOSUpdates", 4), has("AvailableOSUpdates/0/AppIdentifiersToClose", 0),
      is("RequestType", "AvailableOSUpdates")}},
    {"certificatelist-macos-undecodable-commonname.plist",
     device,
     "6362F867-FFF2-4EA6-905C-3C796DF4EF68",
     acknowledged,
     "CERT-LIST-01",
     {},
     {has("CertificateList", 1), is("CertificateList/0/CommonName", "?Error_-26276?"),
      is("CertificateList/0/IsIdentity", true)}},
    {"certificatelist-osx-10.11.plist",
     device,
     "00000000-1111-2222-3333-444455556666",
     acknowledged,
     "00000000-1111-2222-3333-444455556666",
     {},
     {has("CertificateList", 2), has("CertificateList/0/Data", 536),
      has("CertificateList/1/Data", 1062)}},
    {"certificatelist-zentral.plist",
     device,
     "00008020-000915083C80012E",
     acknowledged,
     "0001-CertificateList",
     {},
     {has("CertificateList", 2), is("CertificateList/0/IsIdentity", true),
      is("CertificateList/1/IsIdentity", false)}},
    {"commandformaterror-ios-11.3.1.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     command_format_error,
     "52aab5d2-6a61-4fe8-b685-44f8b56972d0",
     {},
     {}},
    {"derived-installedapplicationlist-1500-apps.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     acknowledged,
     "ca851cf1-e85b-4fed-bf0a-dd7a4e4859b2",
     {},
     {has("InstalledApplicationList", 1500)}},
    {"deviceinformation-ios-11.3.1.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     acknowledged,
     "3ab89975-490b-4f33-80c7-0982069272ba",
     {},
     {has("QueryResponses", 17), is("QueryResponses/AvailableDeviceCapacity", 15.468269348144531)}},
    {"deviceinformation-ios-15.7-trailing-spaces.plist",
     device,
     "UDID001",
     acknowledged,
     "DevInfo001",
     {},
     {is("QueryResponses/BuildVersion", "19H12")}},
    {"deviceinformation-ipados-17.4-fleet.plist",
     device,
     "some-udid",
     acknowledged,
     "some-uuid",
     {},
     {is("QueryResponses/DeviceCapacity", 64.0)}},
    {"deviceinformation-macos-10.12.6-requesttype.plist",
     device,
     "66ADE930-5FDF-5EC4-8429-15640684C489",
     acknowledged,
     "76eda240-5488-4989-8339-f2ae160113c4",
     {},
     {is("QueryResponses/UDID", "66ADE930-5FDF-5EC4-8429-15640684C489"),
      is("RequestType", "DeviceInformation")}},
    {"deviceinformation-macos-10.13.1-large-locales.plist",
     device,
     "00000000-1111-2222-3333-444455556666",
     acknowledged,
     "be926f7e-9cd2-465a-ba2b-b573dc4eaa7a",
     {},
     {has("QueryResponses/Locales", 789),
      is("QueryResponses/AvailableDeviceCapacity", 217.90493011474609)}},
    {"deviceinformation-macos-13-beta-vm.plist",
     device,
     "9353BC9A-5CF9-4C9E-9AD4-8D1E41D5FE3E",
     acknowledged,
     "02CD8B7A-465F-49E6-86D6-D3ACAAE5529E",
     {},
     {is("QueryResponses/IsAppleSilicon", true), has("QueryResponses/MDMOptions", 0),
      is("QueryResponses/OSUpdateSettings/PreviousScanDate",
         Date{std::chrono::sys_seconds(std::chrono::seconds(1'662'712'684))}),
      is("QueryResponses/ProvisioningUDID", "00000000-0000000000000000")}},
    {"deviceinformation-osx-10.11-requesttype.plist",
     device,
     "00000000-1111-2222-3333-444455556666",
     acknowledged,
     "00000000-1111-2222-3333-444455556666",
     {},
     {has("QueryResponses", 21), is("RequestType", "DeviceInformation")}},
    {"devicelock-ios-11.3.1-message-result.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     acknowledged,
     "b6c8627f-bf4a-4ef4-8f40-d8673cd568c9",
     {},
     {is("MessageResult", "NoPasscodeSet")}},
    {"error-ios-11.3.1-availableosupdates-chain2.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     error,
     "93289d88-c8da-4732-9a7e-33dd51851b6e",
     {{"DeviceManagement.error", 2213}, {"com.apple.softwareupdateservices.errors", 3}},
     {}},
    {"error-ios-invalid-request-type-curly-quotes.plist",
     device,
     "00000000-1111-2222-3333-444455556666",
     error,
     "00000000-1111-2222-3333-444455556666",
     {{"MCMDMErrorDomain", 12021}},
     {}},
    {"error-macos-10.12.5-removeprofile.plist",
     device,
     "00000000-1111-2222-3333-444455556666",
     error,
     "93a81e2a-8fbe-4e4b-b6e5-ee9148893f33",
     {{"MDMClientError", 97}},
     {is("RequestType", "RemoveProfile")}},
    {"error-macos-installprofile-negative-code.plist",
     device,
     "6362F867-FFF2-4EA6-905C-3C796DF4EF68",
     error,
     "D053EE3A-EE0E-4E82-87D2-BB3624186694",
     {{"NSOSStatusErrorDomain", -909}},
     {}},
    {"error-no-errorchain.plist",
     device,
     "00008112-000A1B2C3D4E5F60",
     error,
     "6D3F6E0B-6D0A-4B8F-9B52-0B9B5B8B3B12",
     {},
     {}},
    {"idle-ios-15.7-user-enrollment.plist",
     user_enrolment_device,
     "5D4E0A1C-7B1B-4F0E-9E0B-2B6A2E0C7A11",
     idle,
     "",
     {},
     {}},
    {"idle-leading-newline.plist",
     device,
     "419D33EC-06E6-558D-AD52-601BA1867730",
     idle,
     "",
     {},
     {}},
    {"idle-macos-device.plist", device, "D4D56083-BFB0-5047-8BDF-2727BACDC59B", idle, "", {}, {}},
    {"idle-user-channel.plist",
     user,
     "00008112-000A1B2C3D4E5F60:A0F1E2D3-C4B5-4697-8889-7A6B5C4D3E2F",
     idle,
     "",
     {},
     {}},
    {"installapplication-ios-11.3.1-error-prompting.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     error,
     "94ee37e2-3e03-4bdf-ad9c-a81ccc9d78e9",
     {{"DeviceManagement.error", 1407}},
     {}},
    {"installapplication-ios-12.1-prompting.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     acknowledged,
     "7a9df3db-d661-4c1c-aa0e-56d69c8718a5",
     {},
     {is("State", "Prompting")}},
    {"installedapplicationlist-empty.plist",
     device,
     "00008112-000A1B2C3D4E5F60",
     acknowledged,
     "6D3F6E0B-6D0A-4B8F-9B52-0B9B5B8B3B11",
     {},
     {has("InstalledApplicationList", 0)}},
    {"installedapplicationlist-ios-12.1.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     acknowledged,
     "ca851cf1-e85b-4fed-bf0a-dd7a4e4859b2",
     {},
     {has("InstalledApplicationList", 12)}},
    {"installedapplicationlist-macos-13.plist",
     device,
     "9353BC9A-5CF9-4C9E-9AD4-8D1E41D5FE3E",
     acknowledged,
     "E615AD27-A6DA-479A-AE17-FBCF754E1B31",
     {},
     {has("InstalledApplicationList", 3),
      is("InstalledApplicationList/1/BundleSize", std::int64_t{23'048'830'844}),
      lacks("InstalledApplicationList/2/Identifier")}},
    {"installedapplicationlist-osx-10.11.plist",
     device,
     "00000000-1111-2222-3333-444455556666",
     acknowledged,
     "00000000-1111-2222-3333-444455556666",
     {},
     {has("InstalledApplicationList", 3), is("RequestType", "InstalledApplicationList")}},
    {"managedapplicationlist-ios-11.3.1-failed.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     acknowledged,
     "b3f87776-66a4-40f4-a194-8b451a2eacb1",
     {},
     {is("ManagedApplicationList/com.apple.iWork.Keynote/Status", "Failed")}},
    {"managedapplicationlist-ios-12.1-managed.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     acknowledged,
     "0a40830d-1cf9-4a00-a153-d8294e576c3f",
     {},
     {is("ManagedApplicationList/com.apple.Numbers/Status", "Managed")}},
    {"managedapplicationlist-ios-12.1-rejected-prompting.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     acknowledged,
     "2dce0324-3a9c-493d-bd7a-2d2a2985a67e",
     {},
     {is("ManagedApplicationList/com.apple.iWork.Keynote/Status", "UserRejected")}},
    {"notnow-ios-11.3.1.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     not_now,
     "bb5d7813-e7c3-4279-b954-4b678925de5f",
     {},
     {}},
    {"profilelist-macos-signercertificates.plist",
     device,
     "7DD67F73-27DE-57B7-872F-C68FACCD9186",
     acknowledged,
     "ABCC7D59-00FC-45DE-995A-296B119583E8",
     {},
     {has("ProfileList", 2), has("ProfileList/0/SignerCertificates", 2)}},
    {"profilelist-osx-10.11-signercertificates.plist",
     device,
     "00000000-1111-2222-3333-444455556666",
     acknowledged,
     "00000000-1111-2222-3333-444455556666",
     {},
     {has("ProfileList", 1), is("RequestType", "ProfileList")}},
    {"schema-activensextensions-user.plist",
     user,
     "00008112-000A1B2C3D4E5F60:A0F1E2D3-C4B5-4697-8889-7A6B5C4D3E2F",
     acknowledged,
     "0001_ActiveNSExtensions",
     {},
     {has("Extensions", 1)}},
    {"schema-declarativemanagement-ack-user-enrollment.plist",
     user_enrolment_device,
     "5D4E0A1C-7B1B-4F0E-9E0B-2B6A2E0C7A11",
     acknowledged,
     "0001_DeclarativeManagement",
     {},
     {}},
    {"schema-devicelocation.plist",
     device,
     "00008027-001E2D3C4B5A6978",
     acknowledged,
     "0001_DeviceLocation",
     {},
     {is("Latitude", -33.8567844), is("Altitude", -1.5)}},
    {"schema-idle-shared-ipad-user.plist",
     shared_ipad_user,
     "00008027-001E2D3C4B5A6978:student1@example.com",
     idle,
     "",
     {},
     {}},
    {"schema-idle-user-enrollment-user.plist",
     user_enrolment_user,
     "5D4E0A1C-7B1B-4F0E-9E0B-2B6A2E0C7A11:9A7E1C52-0E0B-4D14-8C3B-6B0F0B5B8D21",
     idle,
     "",
     {},
     {}},
    {"schema-idle-user-needsyncresponse.plist",
     user,
     "00008112-000A1B2C3D4E5F60:A0F1E2D3-C4B5-4697-8889-7A6B5C4D3E2F",
     idle,
     "",
     {},
     {is("NeedSyncResponse", true)}},
    {"schema-osupdatestatus-empty.plist",
     device,
     "00008027-001E2D3C4B5A6978",
     acknowledged,
     "0001_OSUpdateStatus",
     {},
     {has("OSUpdateStatus", 0)}},
    {"schema-osupdatestatus-ios.plist",
     device,
     "00008027-001E2D3C4B5A6978",
     acknowledged,
     "0001_OSUpdateStatus",
     {},
     {is("OSUpdateStatus/0/Status", "Downloading")}},
    {"schema-restrictions-ios.plist",
     device,
     "00008027-001E2D3C4B5A6978",
     acknowledged,
     "0001_Restrictions",
     {},
     {is("ProfileRestrictions/com.example.profile.restrictions/restrictedBool/allowCamera/value",
         false)}},
    {"schema-scheduleosupdate-results.plist",
     device,
     "00008027-001E2D3C4B5A6978",
     acknowledged,
     "0001_ScheduleOSUpdate",
     {},
     {is("UpdateResults/1/Status", "InstallFailed"), has("UpdateResults/1/ErrorChain", 1)}},
    {"schema-settings-per-item-errors.plist",
     device,
     "00008027-001E2D3C4B5A6978",
     acknowledged,
     "0001_Settings",
     {},
     {is("Settings/0/Status", "Acknowledged"), is("Settings/1/Status", "Error"),
      is("Settings/2/Status", "NotNow")}},
    {"schema-userlist-shared-ipad.plist",
     device,
     "00008027-001E2D3C4B5A6978",
     acknowledged,
     "0001_UserList",
     {},
     {has("Users", 2), is("Users/0/DataQuota", std::int64_t{10'737'418'240})}},
    {"securityinfo-ios-11.3.1.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     acknowledged,
     "f1048316-6628-4b32-b2f2-708d7f4d7105",
     {},
     {is("SecurityInfo/HardwareEncryptionCaps", 3)}},
    {"securityinfo-ios-16.plist",
     device,
     "cb48a725986c8b4e23b6ca68e5b6941d073c990f",
     acknowledged,
     "9A105E87-EC35-4F65-A265-423CFB92D624",
     {},
     {is("SecurityInfo/ManagementStatus/IsUserEnrollment", false)}},
    {"securityinfo-macos-10.13.1.plist",
     device,
     "00000000-1111-2222-3333-444455556666",
     acknowledged,
     "bf88d054-bd86-480d-b406-a1bc74a403c0",
     {},
     {has("SecurityInfo/FirewallSettings/Applications", 2),
      has("SecurityInfo/FirmwarePasswordStatus", 0)}},
    {"securityinfo-macos-intel-firmware-empty.plist",
     device,
     "AAABBBCCC111222333",
     acknowledged,
     "53115671-3f45-49f5-b7cb-22ede8b8afdc",
     {},
     {has("SecurityInfo/FirmwarePasswordStatus", 0),
      is("SecurityInfo/BootstrapTokenAllowedForAuthentication", "not supported"),
      is("SecurityInfo/SecureBoot/SecureBootLevel", "off")}},
    {"securityinfo-macos-prk-not-cms.plist",
     device,
     "9353BC9A-5CF9-4C9E-9AD4-8D1E41D5FE3E",
     acknowledged,
     "9A105E87-EC35-4F65-A265-423CFB92D624",
     {},
     {has("SecurityInfo/FDE_PersonalRecoveryKeyCMS", 17)}},
    {"securityinfo-osx-10.11.plist",
     device,
     "00000000-1111-2222-3333-444455556666",
     acknowledged,
     "00000000-1111-2222-3333-444455556666",
     {},
     {has("SecurityInfo", 1), is("SecurityInfo/FDE_Enabled", false),
      is("RequestType", "SecurityInfo")}},
    {"synthetic-deviceinformation-attestation.plist",
     device,
     "00008112-001C2D3E4F5A6B7C",
     acknowledged,
     "0001_DeviceInformation",
     {},
     {has("QueryResponses/DevicePropertiesAttestation", 2)}},
    // Nobody needs the certificate's bytes to take the answer.
    {"certificatelist-ios-11.3.1-invalid-base64.plist",
     device,
     "1c111c111c111c111c111c111c111c111c111c11",
     acknowledged,
     "506315e2-386a-44eb-9f46-e402afce7e80",
     {},
     {}},
};

const std::vector<RefusedFile> corpus_refused = {
    {"empty-body.plist", "the property list is empty"},
    {"installedapplicationlist-missing-identifier.plist", "UDID and EnrollmentID are missing"},
    {"not-a-plist.txt.plist", "text between elements"},
    {"securityinfo-no-udid-no-commanduuid.plist", "UDID and EnrollmentID are missing"},
    {"unknown-status.plist", "unknown Status yolo"},
};

const std::vector<AcceptedFile> own_accepted = {
    {"acknowledged-bare.plist",
     device,
     "00008140-000B5A2C1E3D801F",
     acknowledged,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {}},
    {"acknowledged-named-uuid.plist",
     device,
     "00008140-000B5A2C1E3D801F",
     acknowledged,
     "0042_ProfileList",
     {},
     {has("ProfileList", 0)}},
    {"binary-idle.plist", device, "8C2E6F14-5B3A-5D97-A1C0-7F4E9D2B6A35", idle, "", {}, {}},
    {"command-format-error.plist",
     device,
     "00008140-000B5A2C1E3D801F",
     command_format_error,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {}},
    {"device-information-two-udids.plist",
     device,
     "8C2E6F14-5B3A-5D97-A1C0-7F4E9D2B6A35",
     acknowledged,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {is("QueryResponses/UDID", "another-one")}},
    {"device-information.plist",
     device,
     "00008140-000B5A2C1E3D801F",
     acknowledged,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {is("QueryResponses/DeviceCapacity", 64.0),
      is("QueryResponses/AvailableDeviceCapacity", 17.904930114746094),
      has("QueryResponses/Languages", 2)}},
    {"device-location.plist",
     device,
     "00008140-000B5A2C1E3D801F",
     acknowledged,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {is("Latitude", -12.046374)}},
    {"error-chain-odd.plist",
     device,
     "00008140-000B5A2C1E3D801F",
     error,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {{"ReveilleErrorDomain", 0}},
     {}},
    {"error-chain-of-two.plist",
     device,
     "00008140-000B5A2C1E3D801F",
     error,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {{"ReveilleErrorDomain", 4001}, {"NSPOSIXErrorDomain", -67}},
     {}},
    {"error-no-chain.plist",
     device,
     "00008140-000B5A2C1E3D801F",
     error,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {}},
    {"idle-iphone.plist", device, "00008140-000B5A2C1E3D801F", idle, "", {}, {}},
    {"idle-leading-newline.plist",
     device,
     "8C2E6F14-5B3A-5D97-A1C0-7F4E9D2B6A35",
     idle,
     "",
     {},
     {}},
    {"idle-mac-user-login.plist",
     user,
     "8C2E6F14-5B3A-5D97-A1C0-7F4E9D2B6A35:2F6D9B40-7C1E-4A85-B3D2-5E8F1A0C7B94",
     idle,
     "",
     {},
     {}},
    {"idle-mac-user-setup-assistant.plist",
     user,
     "8C2E6F14-5B3A-5D97-A1C0-7F4E9D2B6A35:2F6D9B40-7C1E-4A85-B3D2-5E8F1A0C7B94",
     idle,
     "",
     {},
     {}},
    {"idle-shared-ipad-user.plist",
     shared_ipad_user,
     "00008132-00157C4A3B6E401C:rosa@school.example",
     idle,
     "",
     {},
     {}},
    {"idle-user-enrolment-user.plist",
     user_enrolment_user,
     "C7D1E0A9-4B52-4E3F-8D96-1A2B3C4D5E6F:94B0C2D7-1E6F-4C38-A5B9-0D7E2F4A6C81",
     idle,
     "",
     {},
     {}},
    {"idle-user-enrolment.plist",
     user_enrolment_device,
     "C7D1E0A9-4B52-4E3F-8D96-1A2B3C4D5E6F",
     idle,
     "",
     {},
     {}},
    {"installed-applications.plist",
     device,
     "8C2E6F14-5B3A-5D97-A1C0-7F4E9D2B6A35",
     acknowledged,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {is("InstalledApplicationList/0/BundleSize", std::int64_t{23'048'830'844}),
      lacks("InstalledApplicationList/1/Identifier")}},
    {"managed-applications-inner-status.plist",
     device,
     "00008140-000B5A2C1E3D801F",
     acknowledged,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {is("ManagedApplicationList/org.example.notes/Status", "Failed")}},
    {"not-now.plist",
     device,
     "00008140-000B5A2C1E3D801F",
     not_now,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {}},
    {"security-info-empty-dictionaries.plist",
     device,
     "8C2E6F14-5B3A-5D97-A1C0-7F4E9D2B6A35",
     acknowledged,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {has("SecurityInfo/FirmwarePasswordStatus", 0)}},
    {"settings-inner-statuses.plist",
     device,
     "00008140-000B5A2C1E3D801F",
     acknowledged,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {has("Settings", 3), is("Settings/1/Status", "NotNow")}},
    {"user-list.plist",
     device,
     "00008132-00157C4A3B6E401C",
     acknowledged,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {is("Users/0/DataQuota", std::int64_t{10'737'418'240})}},
    {"certificate-list-not-base64.plist",
     device,
     "00008140-000B5A2C1E3D801F",
     acknowledged,
     "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B",
     {},
     {is("CertificateList/0/Extra", "redacted!")}},
};

const std::vector<RefusedFile> own_refused = {
    {"refused-empty.plist", "the property list is empty"},
    {"refused-no-command-uuid.plist", "CommandUUID is missing"},
    {"refused-no-identity.plist", "UDID and EnrollmentID are missing"},
    {"refused-no-status.plist", "Status is missing"},
    {"refused-plain-text.plist", "text between elements"},
    {"refused-unknown-status.plist", "unknown Status Dozing"},
};

void expect_read(const AcceptedFile& row, const Bytes& body) {
  const Result<Report> report = parse_report(body);
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->identity.kind, row.kind);
  EXPECT_EQ(report->identity.enrolment.text(), row.enrolment);
  EXPECT_EQ(report->status, row.status);
  EXPECT_EQ(report->command_uuid, row.command_uuid);
  std::vector<std::pair<std::string, std::int64_t>> chain;
  for (const ErrorChainItem& item : report->error_chain) chain.emplace_back(item.domain, item.code);
  EXPECT_EQ(chain, row.error_chain);

  const Result<plist::Dictionary> message =
      plist::parse_dictionary(body, {}, plist::BadScalars::kept_as_text);
  ASSERT_TRUE(message);
  expect_facts(*message, row.facts);
}

void expect_refused(const RefusedFile& row, const Bytes& body) {
  const Result<Report> report = parse_report(body);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::malformed);
  EXPECT_THAT(report.error().detail, testing::HasSubstr(row.reason));
}

class CorpusReportTest : public testing::TestWithParam<AcceptedFile> {};
class CorpusRefusedReportTest : public testing::TestWithParam<RefusedFile> {};
class OwnReportTest : public testing::TestWithParam<AcceptedFile> {};
class OwnRefusedReportTest : public testing::TestWithParam<RefusedFile> {};

TEST_P(CorpusReportTest, IsReadAsTheIndexSays) {
  SKIP_WITHOUT_CORPUS();
  expect_read(GetParam(), contents_of(corpus_folder("results") / GetParam().file));
}

TEST_P(CorpusRefusedReportTest, IsRefused) {
  SKIP_WITHOUT_CORPUS();
  expect_refused(GetParam(), contents_of(corpus_folder("results") / GetParam().file));
}

TEST_P(OwnReportTest, IsReadAsItsNameSays) {
  expect_read(GetParam(), contents_of(testdata_folder("results") / GetParam().file));
}

TEST_P(OwnRefusedReportTest, IsRefused) {
  expect_refused(GetParam(), contents_of(testdata_folder("results") / GetParam().file));
}

INSTANTIATE_TEST_SUITE_P(Report, CorpusReportTest, testing::ValuesIn(corpus_accepted),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Report, CorpusRefusedReportTest, testing::ValuesIn(corpus_refused),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Report, OwnReportTest, testing::ValuesIn(own_accepted), NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Report, OwnRefusedReportTest, testing::ValuesIn(own_refused),
                         NamedAfterFile());

Report own_report(const char* file) {
  Result<Report> report = parse_report(contents_of(testdata_folder("results") / file));
  EXPECT_TRUE(report) << file;
  return report ? *std::move(report) : Report{};
}

Report corpus_report(const char* file) {
  Result<Report> report = parse_report(contents_of(corpus_folder("results") / file));
  EXPECT_TRUE(report) << file;
  return report ? *std::move(report) : Report{};
}

TEST(CorpusReportFilesTest, DescriptionsAreKeptAsTheyAreSent) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_THAT(corpus_report("error-ios-11.3.1-availableosupdates-chain2.plist")
                  .error_chain.at(1)
                  .description,
              testing::HasSubstr("couldn\\xe2\\x80\\x99t"));
  EXPECT_EQ(corpus_report("error-ios-invalid-request-type-curly-quotes.plist")
                .error_chain.at(0)
                .description,
            "\xe2\x80\x9cOSUpdateStatus\xe2\x80\x9d is not a valid request type.");
  EXPECT_THAT(
      corpus_report("error-macos-10.12.5-removeprofile.plist").error_chain.at(0).description,
      testing::HasSubstr("\\'Identifier\\'"));
  EXPECT_EQ(
      corpus_report("error-macos-installprofile-negative-code.plist").error_chain.at(0).description,
      " <NSOSStatusErrorDomain:-909>");
}

TEST(CorpusReportFilesTest, AUserChannelAtLoginAsksForAllOfItsCommands) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_TRUE(corpus_report("schema-idle-user-needsyncresponse.plist").need_sync_response);
  EXPECT_FALSE(corpus_report("idle-user-channel.plist").need_sync_response);
}

TEST(CorpusReportFilesTest, AResultFromNobodyIsAPropertyListAllTheSame) {
  SKIP_WITHOUT_CORPUS();
  const auto message = plist::parse_dictionary(
      contents_of(corpus_folder("results") / "installedapplicationlist-missing-identifier.plist"));
  ASSERT_TRUE(message);
  expect_facts(*message, {has("InstalledApplicationList", 2),
                          lacks("InstalledApplicationList/1/Identifier")});
}

TEST(CorpusReportFilesTest, EveryFileHasARow) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_EQ(file_names_in(corpus_folder("results")), files_of(corpus_accepted, corpus_refused));
}

TEST(OwnReportFilesTest, DescriptionsAreKeptAsTheyAreSent) {
  const Report report = own_report("error-chain-of-two.plist");
  EXPECT_EQ(report.error_chain.at(0).description, "The profile is invalid.");
  EXPECT_EQ(report.error_chain.at(1).description, " <below>");
}

TEST(OwnReportFilesTest, WhatAMacSaysAtLoginIsKept) {
  EXPECT_TRUE(own_report("idle-mac-user-login.plist").need_sync_response);
  EXPECT_FALSE(own_report("idle-mac-user-login.plist").user_configuration);
  EXPECT_TRUE(own_report("idle-mac-user-setup-assistant.plist").user_configuration);
}

TEST(OwnReportFilesTest, EveryFileHasARow) {
  EXPECT_EQ(file_names_in(testdata_folder("results")), files_of(own_accepted, own_refused));
}

}  // namespace
}  // namespace reveille::mdm
