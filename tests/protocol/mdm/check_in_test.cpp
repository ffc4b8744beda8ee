#include "protocol/mdm/check_in.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/protocol/mdm/messages.h"

namespace reveille::mdm {
namespace {

using plist::Data;
using plist::Dictionary;
using testing::HasSubstr;
using testing::Not;

const Dictionary from_device{{"UDID", "00008301-0004A1B2C3D4E5F6"}};
const Dictionary from_user =
    with(from_device, {{"UserID", "6B1C7E52-3F0A-4D8B-9E6D-0A1B2C3D4E5F"}});

const Dictionary authenticate = with(
    from_device, {{"MessageType", "Authenticate"}, {"Topic", "com.apple.mgmt.External.reveille"}});
const Dictionary token_update =
    with(from_device, {{"MessageType", "TokenUpdate"},
                       {"Topic", "com.apple.mgmt.External.reveille"},
                       {"Token", Data{std::string(32, '\xa5')}},
                       {"PushMagic", "B0A1C2D3-E4F5-4061-8273-8495A6B7C8D9"}});
const Dictionary check_out = with(from_device, {{"MessageType", "CheckOut"}});
const Dictionary user_authenticate = with(from_user, {{"MessageType", "UserAuthenticate"}});
const Dictionary set_bootstrap_token = with(from_device, {{"MessageType", "SetBootstrapToken"}});
const Dictionary get_bootstrap_token = with(from_device, {{"MessageType", "GetBootstrapToken"}});
const Dictionary get_token =
    with(from_device, {{"MessageType", "GetToken"}, {"TokenServiceType", "com.apple.maid"}});
const Dictionary return_to_service = with(from_device, {{"MessageType", "ReturnToService"}});
const Dictionary declarative_management =
    with(from_device, {{"MessageType", "DeclarativeManagement"}, {"Endpoint", "tokens"}});

TEST(AuthenticateTest, TheIdentityAndTheTopicAreEnough) {
  const auto message = accepted<Authenticate>(authenticate);

  EXPECT_EQ(message.identity.enrolment.text(), "00008301-0004A1B2C3D4E5F6");
  EXPECT_EQ(message.topic, "com.apple.mgmt.External.reveille");
  EXPECT_FALSE(message.serial_number || message.model || message.model_name ||
               message.product_name || message.device_name || message.os_version ||
               message.build_version || message.imei || message.meid);
}

TEST(AuthenticateTest, WhatTheDeviceSaysOfItselfIsKept) {
  const auto message = accepted<Authenticate>(with(authenticate, {{"SerialNumber", "RVL00000001"},
                                                                  {"Model", "Z100"},
                                                                  {"ModelName", "iMac"},
                                                                  {"ProductName", "iMac21,1"},
                                                                  {"DeviceName", "Front desk"},
                                                                  {"OSVersion", "15.1"},
                                                                  {"BuildVersion", "24B83"},
                                                                  {"IMEI", "35 111111 222222 3"},
                                                                  {"MEID", "35111111222222"}}));

  EXPECT_EQ(message.serial_number, "RVL00000001");
  EXPECT_EQ(message.model, "Z100");
  EXPECT_EQ(message.model_name, "iMac");
  EXPECT_EQ(message.product_name, "iMac21,1");
  EXPECT_EQ(message.device_name, "Front desk");
  EXPECT_EQ(message.os_version, "15.1");
  EXPECT_EQ(message.build_version, "24B83");
  EXPECT_EQ(message.imei, "351111112222223");
  EXPECT_EQ(message.meid, "35111111222222");
}

TEST(AuthenticateTest, EmptyKeysCountAsAbsent) {
  const auto message = accepted<Authenticate>(with(
      authenticate, {{"SerialNumber", ""}, {"IMEI", ""}, {"Token", Data{}}, {"PushMagic", ""}}));

  EXPECT_FALSE(message.serial_number || message.imei);
}

TEST(AuthenticateTest, AUserChannelCannotSayIt) {
  EXPECT_EQ(refusal(with(authenticate, {{"UserID", "someone"}})),
            "Authenticate from a user channel");
}

TEST(AuthenticateTest, WithoutTopicOrIdentityItIsRefused) {
  EXPECT_EQ(refusal(without(authenticate, "Topic")), "Topic is missing");
  EXPECT_EQ(refusal(with(authenticate, {{"Topic", ""}})), "Topic is missing");
  EXPECT_EQ(refusal(without(authenticate, "UDID")), "UDID and EnrollmentID are missing");
}

TEST(AuthenticateTest, KeysOfAnotherTypeAreRefused) {
  for (const char* key : {"Topic", "SerialNumber", "Model", "ModelName", "ProductName",
                          "DeviceName", "OSVersion", "BuildVersion", "IMEI", "MEID"}) {
    EXPECT_EQ(refusal(with(authenticate, {{key, 7}})), std::string(key) + " is not a string");
  }
}

TEST(TokenUpdateTest, TokenAndMagicAreKept) {
  const auto message = accepted<TokenUpdate>(token_update);

  EXPECT_EQ(message.topic, "com.apple.mgmt.External.reveille");
  EXPECT_EQ(message.push_token.bytes, std::string(32, '\xa5'));
  EXPECT_EQ(message.push_magic.text, "B0A1C2D3-E4F5-4061-8273-8495A6B7C8D9");
  EXPECT_FALSE(message.unlock_token || message.awaiting_configuration || message.not_on_console);
}

TEST(TokenUpdateTest, ATokenMayHaveAnyLength) {
  for (const std::size_t length : {1, 5, 16, 35, 37, 100}) {
    const Data token{std::string(length, '\0')};
    EXPECT_EQ(accepted<TokenUpdate>(with(token_update, {{"Token", token}})).push_token.bytes,
              token.bytes);
  }
}

TEST(TokenUpdateTest, WhatMayComeWithItIsKept) {
  const auto message = accepted<TokenUpdate>(with(
      token_update,
      {{"UnlockToken", Data{"keybag"}}, {"AwaitingConfiguration", true}, {"NotOnConsole", false}}));

  EXPECT_EQ(message.unlock_token, "keybag");
  EXPECT_EQ(message.awaiting_configuration, true);
  EXPECT_EQ(message.not_on_console, false);
}

TEST(TokenUpdateTest, AnEmptyUnlockTokenCountsAsAbsentSoThatItReplacesNone) {
  EXPECT_FALSE(accepted<TokenUpdate>(with(token_update, {{"UnlockToken", Data{}}})).unlock_token);
}

TEST(TokenUpdateTest, AUserChannelSaysItToo) {
  const auto message = accepted<TokenUpdate>(with(token_update, {{"UserID", "someone"}}));

  EXPECT_TRUE(message.identity.is_user_channel());
}

TEST(TokenUpdateTest, EveryKeyThatAPushNeedsIsRequired) {
  for (const char* key : {"Topic", "Token", "PushMagic"}) {
    EXPECT_EQ(refusal(without(token_update, key)), std::string(key) + " is missing");
  }
  EXPECT_EQ(refusal(with(token_update, {{"Token", Data{}}})), "Token is empty");
  EXPECT_EQ(refusal(with(token_update, {{"PushMagic", ""}})), "PushMagic is missing");
}

TEST(TokenUpdateTest, KeysOfAnotherTypeAreRefusedAndTheirValuesNotRepeated) {
  EXPECT_EQ(refusal(with(token_update, {{"Token", "c2VjcmV0"}})), "Token is not data");
  EXPECT_EQ(refusal(with(token_update, {{"PushMagic", Data{"secret"}}})),
            "PushMagic is not a string");
  EXPECT_EQ(refusal(with(token_update, {{"UnlockToken", "secret"}})), "UnlockToken is not data");
  EXPECT_EQ(refusal(with(token_update, {{"AwaitingConfiguration", 1}})),
            "AwaitingConfiguration is not a boolean");
  EXPECT_EQ(refusal(with(token_update, {{"NotOnConsole", "false"}})),
            "NotOnConsole is not a boolean");
}

TEST(CheckOutTest, TheIdentityIsEnough) {
  EXPECT_FALSE(accepted<CheckOut>(check_out).topic);
  EXPECT_EQ(accepted<CheckOut>(with(check_out, {{"Topic", "com.example"}})).topic, "com.example");
  EXPECT_EQ(refusal(without(check_out, "UDID")), "UDID and EnrollmentID are missing");
  EXPECT_EQ(refusal(with(check_out, {{"Topic", 7}})), "Topic is not a string");
}

TEST(CheckOutTest, EmptyForeignKeysAreIgnored) {
  accepted<CheckOut>(with(check_out, {{"Token", Data{}}, {"PushMagic", ""}, {"UserID", ""}}));
}

TEST(UserAuthenticateTest, TheSecondMessageOfALoginHasADigest) {
  EXPECT_FALSE(accepted<UserAuthenticate>(user_authenticate).digest_response);
  EXPECT_EQ(accepted<UserAuthenticate>(
                with(user_authenticate, {{"DigestResponse", "Digest username=\"rosa\""}}))
                .digest_response,
            "Digest username=\"rosa\"");
}

TEST(UserAuthenticateTest, WithoutAUserItIsRefused) {
  EXPECT_EQ(refusal(without(user_authenticate, "UserID")), "UserID is missing");
  EXPECT_EQ(refusal(with(user_authenticate, {{"DigestResponse", true}})),
            "DigestResponse is not a string");
}

TEST(BootstrapTokenTest, AbsentAndEmptyTokensAreToldApartByNobodyButTheReader) {
  EXPECT_FALSE(accepted<SetBootstrapToken>(set_bootstrap_token).bootstrap_token);
  EXPECT_EQ(accepted<SetBootstrapToken>(with(set_bootstrap_token, {{"BootstrapToken", Data{}}}))
                .bootstrap_token,
            "");
  EXPECT_EQ(
      accepted<SetBootstrapToken>(with(set_bootstrap_token, {{"BootstrapToken", Data{"token"}}}))
          .bootstrap_token,
      "token");
}

TEST(BootstrapTokenTest, AwaitingConfigurationIsKeptWhenItIsSaid) {
  EXPECT_FALSE(accepted<SetBootstrapToken>(set_bootstrap_token).awaiting_configuration);
  EXPECT_EQ(
      accepted<SetBootstrapToken>(with(set_bootstrap_token, {{"AwaitingConfiguration", true}}))
          .awaiting_configuration,
      true);
}

TEST(BootstrapTokenTest, ATokenOfAnotherTypeIsRefused) {
  EXPECT_EQ(refusal(with(set_bootstrap_token, {{"BootstrapToken", "secret"}})),
            "BootstrapToken is not data");
}

TEST(BootstrapTokenTest, GettingItNeedsNothingButTheIdentity) {
  EXPECT_EQ(accepted<GetBootstrapToken>(get_bootstrap_token).identity.enrolment.text(),
            "00008301-0004A1B2C3D4E5F6");
  EXPECT_EQ(refusal(without(get_bootstrap_token, "UDID")), "UDID and EnrollmentID are missing");
}

TEST(GetTokenTest, TheServiceAndItsParametersAreKept) {
  const Dictionary parameters{{"SecurityToken", "opaque"}, {"PhoneUDID", "p"}, {"WatchUDID", "w"}};

  EXPECT_TRUE(accepted<GetToken>(get_token).token_parameters.empty());
  const auto message =
      accepted<GetToken>(with(get_token, {{"TokenServiceType", "com.apple.watch.pairing"},
                                          {"TokenParameters", parameters}}));

  EXPECT_EQ(message.token_service_type, "com.apple.watch.pairing");
  EXPECT_EQ(message.token_parameters, parameters);
}

TEST(GetTokenTest, AnUnknownServiceIsNotTheParsersMatter) {
  EXPECT_EQ(accepted<GetToken>(with(get_token, {{"TokenServiceType", "com.example.other"}}))
                .token_service_type,
            "com.example.other");
}

TEST(GetTokenTest, WithoutAServiceOrWithParametersOfAnotherTypeItIsRefused) {
  EXPECT_EQ(refusal(without(get_token, "TokenServiceType")), "TokenServiceType is missing");
  EXPECT_EQ(refusal(with(get_token, {{"TokenParameters", "opaque"}})),
            "TokenParameters is not a dictionary");
}

TEST(DeclarativeManagementTest, EndpointAndDataAreKept) {
  EXPECT_FALSE(accepted<DeclarativeManagement>(declarative_management).data);
  const auto message = accepted<DeclarativeManagement>(
      with(declarative_management, {{"Endpoint", "status"}, {"Data", Data{"{}"}}}));

  EXPECT_EQ(message.endpoint, "status");
  EXPECT_EQ(message.data, "{}");
}

TEST(DeclarativeManagementTest, WithoutAnEndpointOrWithDataOfAnotherTypeItIsRefused) {
  EXPECT_EQ(refusal(without(declarative_management, "Endpoint")), "Endpoint is missing");
  EXPECT_EQ(refusal(with(declarative_management, {{"Data", "{}"}})), "Data is not data");
}

TEST(CheckInTest, UnknownKeysAreIgnored) {
  for (const Dictionary& message :
       {authenticate, token_update, check_out, user_authenticate, set_bootstrap_token,
        get_bootstrap_token, get_token, declarative_management}) {
    const Result<CheckIn> check_in =
        parse_check_in_both_ways(with(message, {{"Novelty", Dictionary{{"Since", 27}}}}));
    ASSERT_TRUE(check_in);
    EXPECT_EQ(name_of(*check_in), *message.find("MessageType")->get_if<std::string>());
    EXPECT_EQ(identity_of(*check_in).device.text(), "00008301-0004A1B2C3D4E5F6");
  }
}

TEST(CheckInTest, AnUnknownTypeIsRefusedByName) {
  EXPECT_EQ(refusal({{"MessageType", "Novelty"}}), "unknown MessageType Novelty");
  EXPECT_EQ(refusal({{"MessageType", "authenticate"}, {"UDID", "x"}}),
            "unknown MessageType authenticate");
}

TEST(CheckInTest, AnUnknownTypeCannotFillTheLog) {
  EXPECT_EQ(refusal({{"MessageType", "a\nb\"\xc3\xa9" + std::string(1000, 'c')}}),
            "unknown MessageType a?b\"??" + std::string(58, 'c'));
}

TEST(CheckInTest, WithoutATypeItIsRefused) {
  EXPECT_EQ(refusal(from_device), "MessageType is missing");
  EXPECT_EQ(refusal(with(from_device, {{"MessageType", 7}})), "MessageType is not a string");
}

TEST(CheckInTest, WhatIsNoDictionaryIsRefused) {
  for (const std::string& body :
       {std::string(), std::string("Idle"), plist::write_xml("Authenticate"),
        plist::write_xml(plist::Array{authenticate}), std::string("{\"MessageType\":1}")}) {
    const Result<CheckIn> check_in = parse_check_in(body);
    ASSERT_FALSE(check_in) << body;
    EXPECT_EQ(check_in.error().code, ErrorCode::malformed);
  }
}

TEST(CheckInTest, EveryTruncatedMessageIsRefusedWhole) {
  for (const Bytes& whole : {plist::write_xml(token_update), plist::write_binary(token_update)}) {
    // The newline behind </plist> is the one byte that is not missed.
    for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
      EXPECT_FALSE(parse_check_in(whole.substr(0, length))) << length;
    }
  }
}

TEST(CheckInTest, NoSecretEntersADetail) {
  const std::string detail = refusal(
      with(without(token_update, "Topic"), {{"Token", Data{"secret"}}, {"PushMagic", "secret"}}));
  EXPECT_THAT(detail, Not(HasSubstr("secret")));
}

TEST(CheckInTest, ALargeMessageIsReadWhole) {
  const Data unlock_token{std::string(4 << 20, '\x5a')};

  EXPECT_EQ(accepted<TokenUpdate>(with(token_update, {{"UnlockToken", unlock_token}})).unlock_token,
            unlock_token.bytes);
}

// ---- AuthToken: protocol.md section 3, UserAuthenticate 3 ----

TEST(AuthTokenTest, EveryMessageOfAUserChannelMayCarryOne) {
  for (const Dictionary& message : {token_update, check_out, get_token, declarative_management}) {
    EXPECT_EQ(auth_token_of(*parse_check_in_both_ways(message)), nullptr);
    const auto with_token = parse_check_in_both_ways(with(message, {{"AuthToken", "proof"}}));
    ASSERT_TRUE(with_token);
    ASSERT_NE(auth_token_of(*with_token), nullptr) << name_of(*with_token);
    EXPECT_EQ(auth_token_of(*with_token)->text, "proof");
  }
  EXPECT_EQ(auth_token_of(*parse_check_in_both_ways(get_bootstrap_token)), nullptr);
}

TEST(AuthTokenTest, OneThatIsNoStringIsRefusedWithoutBeingQuoted) {
  EXPECT_EQ(refusal(with(token_update, {{"AuthToken", Data{"secret"}}})),
            "AuthToken is not a string");
}

TEST(ReturnToServiceTest, TheIdentityIsEnoughAndMoreIsIgnored) {
  const auto message = accepted<ReturnToService>(with(return_to_service, {{"Later", 27}}));
  EXPECT_EQ(message.identity.enrolment.text(), "00008301-0004A1B2C3D4E5F6");
}

}  // namespace
}  // namespace reveille::mdm
