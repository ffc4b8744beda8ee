#include "protocol/mdm/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/protocol/mdm/messages.h"

namespace reveille::mdm {
namespace {

using plist::Array;
using plist::Dictionary;
using testing::HasSubstr;
using testing::IsEmpty;

const Dictionary idle{{"UDID", "00008301-0004A1B2C3D4E5F6"}, {"Status", "Idle"}};
const Dictionary acknowledged =
    with(idle, {{"Status", "Acknowledged"}, {"CommandUUID", "0007_RestartDevice"}});

Result<Report> parse_both_ways(const Dictionary& message) {
  Result<Report> xml = parse_report(plist::write_xml(message));
  const Result<Report> binary = parse_report(plist::write_binary(message));
  EXPECT_EQ(xml.has_value(), binary.has_value());
  return xml;
}

Report accepted_report(const Dictionary& message) {
  Result<Report> report = parse_both_ways(message);
  if (report) return *std::move(report);
  ADD_FAILURE() << report.error().detail;
  return {};
}

std::string refused_report(const Dictionary& message) {
  const Result<Report> report = parse_both_ways(message);
  if (report) return "accepted";
  EXPECT_EQ(report.error().code, ErrorCode::malformed);
  return report.error().detail;
}

TEST(ReportTest, IdleNeedsNothingButTheIdentity) {
  const Report report = accepted_report(idle);

  EXPECT_EQ(report.identity.enrolment.text(), "00008301-0004A1B2C3D4E5F6");
  EXPECT_EQ(report.status, Status::idle);
  EXPECT_EQ(report.command_uuid, "");
  EXPECT_THAT(report.error_chain, IsEmpty());
  EXPECT_FALSE(report.need_sync_response || report.user_configuration);
}

TEST(ReportTest, IdleAnswersNoCommandWhateverItNames) {
  EXPECT_EQ(accepted_report(with(idle, {{"CommandUUID", "0007_RestartDevice"}})).command_uuid, "");
}

TEST(ReportTest, EveryStatusIsKnownByItsName) {
  for (const Status status :
       {Status::acknowledged, Status::error, Status::command_format_error, Status::not_now}) {
    const Report report = accepted_report(with(acknowledged, {{"Status", name_of(status)}}));
    EXPECT_EQ(report.status, status);
    EXPECT_EQ(report.command_uuid, "0007_RestartDevice");
  }
  EXPECT_STREQ(name_of(Status::idle), "Idle");
  EXPECT_STREQ(name_of(Status::acknowledged), "Acknowledged");
  EXPECT_STREQ(name_of(Status::error), "Error");
  EXPECT_STREQ(name_of(Status::command_format_error), "CommandFormatError");
  EXPECT_STREQ(name_of(Status::not_now), "NotNow");
}

TEST(ReportTest, AnUnknownStatusIsRefused) {
  EXPECT_EQ(refused_report(with(acknowledged, {{"Status", "Yolo"}})), "unknown Status Yolo");
  EXPECT_EQ(refused_report(with(acknowledged, {{"Status", "acknowledged"}})),
            "unknown Status acknowledged");
  EXPECT_EQ(refused_report(without(acknowledged, "Status")), "Status is missing");
  EXPECT_EQ(refused_report(with(acknowledged, {{"Status", 1}})), "Status is not a string");
}

TEST(ReportTest, AnAnswerHasToNameItsCommand) {
  for (const char* status : {"Acknowledged", "Error", "CommandFormatError", "NotNow"}) {
    const Dictionary answer = with(acknowledged, {{"Status", status}});
    EXPECT_EQ(refused_report(without(answer, "CommandUUID")), "CommandUUID is missing");
    EXPECT_EQ(refused_report(with(answer, {{"CommandUUID", ""}})), "CommandUUID is missing");
    EXPECT_EQ(refused_report(with(answer, {{"CommandUUID", 7}})), "CommandUUID is not a string");
  }
}

TEST(ReportTest, AnAnswerFromNobodyIsRefused) {
  EXPECT_EQ(refused_report(without(idle, "UDID")), "UDID and EnrollmentID are missing");
}

TEST(ReportTest, EveryChannelReports) {
  EXPECT_EQ(accepted_report(with(idle, {{"UserID", "u"}})).identity.kind, IdentityKind::user);
  EXPECT_EQ(accepted_report(with(idle, {{"UserID", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"},
                                        {"UserShortName", "rosa@school.test"}}))
                .identity.kind,
            IdentityKind::shared_ipad_user);
  const Dictionary anonymous = with(without(idle, "UDID"), {{"EnrollmentID", "e"}});
  EXPECT_EQ(accepted_report(anonymous).identity.kind, IdentityKind::user_enrolment_device);
  EXPECT_EQ(accepted_report(with(anonymous, {{"EnrollmentUserID", "u"}})).identity.kind,
            IdentityKind::user_enrolment_user);
}

TEST(ReportTest, WhatAMacSaysAtLoginIsKept) {
  EXPECT_TRUE(accepted_report(with(idle, {{"NeedSyncResponse", true}})).need_sync_response);
  EXPECT_TRUE(accepted_report(with(idle, {{"UserConfiguration", true}})).user_configuration);
  EXPECT_FALSE(accepted_report(with(idle, {{"NeedSyncResponse", false}})).need_sync_response);
  EXPECT_EQ(refused_report(with(idle, {{"NeedSyncResponse", 1}})),
            "NeedSyncResponse is not a boolean");
}

TEST(ReportTest, AnErrorChainIsReadInOrder) {
  const Report report = accepted_report(with(
      acknowledged, {{"Status", "Error"},
                     {"ErrorChain", Array{Dictionary{{"ErrorCode", 12021},
                                                     {"ErrorDomain", "MCMDMErrorDomain"},
                                                     {"LocalizedDescription", "Ung\xc3\xbcltig"},
                                                     {"USEnglishDescription", "Invalid"}},
                                          Dictionary{{"ErrorCode", -909},
                                                     {"ErrorDomain", "NSOSStatusErrorDomain"},
                                                     {"LocalizedDescription", "Nur hier"}}}}}));

  ASSERT_EQ(report.error_chain.size(), 2u);
  EXPECT_EQ(report.error_chain[0].code, 12021);
  EXPECT_EQ(report.error_chain[0].domain, "MCMDMErrorDomain");
  EXPECT_EQ(report.error_chain[0].description, "Invalid");
  EXPECT_EQ(report.error_chain[1].code, -909);
  EXPECT_EQ(report.error_chain[1].description, "Nur hier");
}

TEST(ReportTest, AnErrorWithoutAChainIsAnErrorAllTheSame) {
  EXPECT_THAT(accepted_report(with(acknowledged, {{"Status", "Error"}})).error_chain, IsEmpty());
}

TEST(ReportTest, WhatDoesNotLookLikeAChainFailsNothing) {
  for (const plist::Value& chain :
       {plist::Value("no chain"), plist::Value(7), plist::Value(Dictionary{{"ErrorCode", 1}}),
        plist::Value(Array{"no item", 7}), plist::Value(Array{})}) {
    EXPECT_THAT(accepted_report(with(acknowledged, {{"ErrorChain", chain}})).error_chain,
                IsEmpty());
  }
  const Report odd = accepted_report(
      with(acknowledged,
           {{"ErrorChain", Array{"odd", Dictionary{{"ErrorCode", "12"}, {"ErrorDomain", 3}}}}}));
  ASSERT_EQ(odd.error_chain.size(), 1u);
  EXPECT_EQ(odd.error_chain[0].code, 0);
  EXPECT_EQ(odd.error_chain[0].domain, "");
}

TEST(ReportTest, TheStatusOfAnItemInTheResultIsNotTheReports) {
  const Report report = accepted_report(
      with(acknowledged,
           {{"Settings", Array{Dictionary{{"Status", "NotNow"}}, Dictionary{{"Status", "Error"}}}},
            {"ManagedApplicationList",
             Dictionary{{"com.example.app", Dictionary{{"Status", "Failed"}}}}}}));

  EXPECT_EQ(report.status, Status::acknowledged);
}

TEST(ReportTest, TheIdentityInQueryResponsesIsNotTheReports) {
  EXPECT_EQ(accepted_report(with(acknowledged, {{"QueryResponses", Dictionary{{"UDID", "other"}}}}))
                .identity.enrolment.text(),
            "00008301-0004A1B2C3D4E5F6");
}

TEST(ReportTest, ACommandUuidIsTakenAsItIsSent) {
  for (const std::string& uuid : {std::string("DevInfo001"), std::string(1000, 'x'),
                                  std::string("3ab89975-490b-4f33-80c7-0982069272ba")}) {
    EXPECT_EQ(accepted_report(with(acknowledged, {{"CommandUUID", uuid}})).command_uuid, uuid);
  }
}

// Refused, the device would send it again for ever, and get no command meanwhile.
TEST(ReportTest, AResultWithBrokenDataIsTakenAllTheSame) {
  std::string body = plist::write_xml(
      with(acknowledged, {{"CertificateList", Array{Dictionary{{"Data", plist::Data{"abc"}}}}}}));
  const std::size_t at = body.find("YWJj");
  ASSERT_NE(at, std::string::npos);
  body.replace(at, 4, "Base64=");

  const Result<Report> report = parse_report(body);

  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->status, Status::acknowledged);
}

TEST(ReportTest, ABrokenValueOfOurOwnIsRefused) {
  const std::string body = plist::write_xml(with(acknowledged, {{"NeedSyncResponse", true}}));
  std::string broken = body;
  broken.replace(broken.find("<true/>"), 7, "<true>yes</true>");
  EXPECT_TRUE(parse_report(body));
  EXPECT_FALSE(parse_report(broken));
}

TEST(ReportTest, ALargeResultIsReadWhole) {
  Array applications;
  for (int i = 0; i < 20'000; ++i) {
    applications.emplace_back(Dictionary{{"Identifier", "com.example.app" + std::to_string(i)},
                                         {"BundleSize", std::int64_t{23'048'830'844}},
                                         {"Name", "Application"}});
  }

  EXPECT_EQ(
      accepted_report(with(acknowledged, {{"InstalledApplicationList", applications}})).status,
      Status::acknowledged);
}

TEST(ReportTest, WhatIsNoDictionaryIsRefused) {
  for (const std::string& body : {std::string(), std::string("this is not a property list"),
                                  std::string("{ Status = Idle; }"), plist::write_xml("Idle"),
                                  plist::write_binary(Array{idle})}) {
    EXPECT_FALSE(parse_report(body)) << body;
  }
}

TEST(ReportTest, EveryTruncatedReportIsRefused) {
  for (const Bytes& whole : {plist::write_xml(acknowledged), plist::write_binary(acknowledged)}) {
    for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
      EXPECT_FALSE(parse_report(whole.substr(0, length))) << length;
    }
  }
}

TEST(ReportTest, AUserChannelMayCarryItsAuthToken) {
  EXPECT_EQ(accepted_report(idle).auth_token, std::nullopt);
  EXPECT_EQ(accepted_report(with(idle, {{"AuthToken", "proof"}})).auth_token, AuthToken{"proof"});
}

}  // namespace
}  // namespace reveille::mdm
