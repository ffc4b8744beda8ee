#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/dispatcher/enrolment/enrolment_fixture.h"

namespace reveille::enrolment {
namespace {

using testing::HasSubstr;

class AuthorityFilesTest : public testing::Test {
 protected:
  AuthorityFilesTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "authority-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~AuthorityFilesTest() override { std::filesystem::remove_all(folder_); }

  Result<CertificateAuthority> load() { return load_or_create_authority(folder_, clock_, random_); }

  std::string read(const char* name) const {
    std::ifstream stream(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  void write(const char* name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  void write_valid_pair() const {
    write("ca.key", authority_key().to_pem());
    write("ca.pem", make_authority(clock_).certificate().pem());
  }
  mode_t mode(const char* name) const {
    struct stat status{};
    EXPECT_EQ(::stat((folder_ / name).c_str(), &status), 0);
    return status.st_mode & 0777;
  }

  std::filesystem::path folder_;
  HandClock clock_;
  SeededRandomSource random_;
};

TEST_F(AuthorityFilesTest, TheFirstStartMakesAnAuthorityThatOnlyItsOwnerCanRead) {
  const auto authority = load();
  ASSERT_TRUE(authority) << authority.error().detail;

  EXPECT_TRUE(authority->key().is_rsa());
  EXPECT_TRUE(authority->certificate().is_self_signed());
  EXPECT_GT(authority->certificate().not_after(), clock_.wall_now() + std::chrono::days(7'000));
  EXPECT_EQ(mode("ca.key"), 0600u);
  EXPECT_EQ(mode("ca.pem"), 0600u);
  const auto files = std::filesystem::directory_iterator(folder_);
  EXPECT_EQ(std::distance(begin(files), end(files)), 2) << "nothing unfinished is left behind";
}

TEST_F(AuthorityFilesTest, EveryLaterStartFindsTheSameAuthority) {
  const auto first = load();
  ASSERT_TRUE(first);
  const std::string key = read("ca.key");

  const auto second = load();

  ASSERT_TRUE(second);
  EXPECT_EQ(second->certificate(), first->certificate());
  EXPECT_EQ(read("ca.key"), key);
}

TEST_F(AuthorityFilesTest, AKeyWithoutItsCertificateIsACrashBetweenTheTwoAndIsFinished) {
  write("ca.key", authority_key().to_pem());

  const auto authority = load();

  ASSERT_TRUE(authority) << authority.error().detail;
  EXPECT_TRUE(authority->certificate().belongs_to(authority_key()));
}

TEST_F(AuthorityFilesTest, ACertificateWithoutItsKeyIsLeftAloneAndNamed) {
  write_valid_pair();
  const std::string certificate = read("ca.pem");
  std::filesystem::remove(folder_ / "ca.key");

  const auto authority = load();

  ASSERT_FALSE(authority);
  EXPECT_EQ(authority.error().code, ErrorCode::unavailable);
  EXPECT_THAT(authority.error().detail, HasSubstr((folder_ / "ca.key").string()));
  EXPECT_EQ(read("ca.pem"), certificate);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "ca.key"));
}

TEST_F(AuthorityFilesTest, ABrokenKeyIsNamedAndKept) {
  write_valid_pair();
  write("ca.key", "-----BEGIN PRIVATE KEY-----\nnonsense\n");

  const auto authority = load();

  ASSERT_FALSE(authority);
  EXPECT_THAT(authority.error().detail, HasSubstr("ca.key"));
  EXPECT_EQ(read("ca.key"), "-----BEGIN PRIVATE KEY-----\nnonsense\n");
}

TEST_F(AuthorityFilesTest, AnEmptyCertificateIsNamedAndKept) {
  write_valid_pair();
  write("ca.pem", "");

  const auto authority = load();

  ASSERT_FALSE(authority);
  EXPECT_THAT(authority.error().detail, HasSubstr("ca.pem"));
  EXPECT_EQ(read("ca.pem"), "");
}

TEST_F(AuthorityFilesTest, AKeyOfAnotherCertificateIsRefused) {
  write_valid_pair();
  write("ca.key", device_rsa_key().to_pem());

  const auto authority = load();

  ASSERT_FALSE(authority);
  EXPECT_THAT(authority.error().detail, HasSubstr("ca.pem"));
}

TEST_F(AuthorityFilesTest, AFileThatCannotBeReachedIsNotReplaced) {
  // A link that leads to itself: nobody can say what is behind it.
  std::filesystem::create_symlink("ca.key", folder_ / "ca.key");

  const auto authority = load();

  ASSERT_FALSE(authority);
  EXPECT_THAT(authority.error().detail, HasSubstr("ca.key"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "ca.key"));
}

TEST_F(AuthorityFilesTest, AFolderThatIsMissingIsNamed) {
  folder_ /= "missing";

  const auto authority = load();

  ASSERT_FALSE(authority);
  EXPECT_EQ(authority.error().code, ErrorCode::unavailable);
  EXPECT_THAT(authority.error().detail, HasSubstr("missing"));
}

TEST(CertificateAuthorityTest, AnEllipticCurveKeyIsRefusedSinceScepEncryptsToIt) {
  const HandClock clock;
  const pki::PrivateKey key = new_key();
  pki::CertificateTemplate contents;
  contents.common_name = "curve";
  contents.serial = Bytes(16, 'a');
  contents.not_before = std::chrono::floor<std::chrono::seconds>(clock.wall_now());
  contents.not_after = contents.not_before + std::chrono::days(1);
  contents.purpose = pki::CertificateTemplate::Purpose::authority;

  const auto authority =
      CertificateAuthority::make(pki::issue_self_signed(contents, key).value(), key);

  ASSERT_FALSE(authority);
  EXPECT_EQ(authority.error().code, ErrorCode::malformed);
}

TEST(CertificateAuthorityTest, AnIdentityIsValidFromAnHourAgoAndNeverOutlivesTheAuthority) {
  const HandClock clock;
  const CertificateAuthority authority = make_authority(clock);
  const auto request =
      pki::CertificateRequest::create("device", "", std::nullopt, new_key()).value();
  CertificateAuthority::Terms terms;
  terms.now = clock.wall_now();
  terms.lifetime = std::chrono::days(100'000);
  terms.serial = Bytes(16, 'b');

  const auto issued = authority.issue(request, terms);

  ASSERT_TRUE(issued);
  EXPECT_EQ(issued->not_before(), clock.wall_now() - std::chrono::hours(1));
  EXPECT_EQ(issued->not_after(), authority.certificate().not_after());
  EXPECT_EQ(issued->subject(), request.subject());
}

TEST(CertificateAuthorityTest, AnAuthorityThatHasExpiredIssuesNothing) {
  HandClock clock;
  const CertificateAuthority authority = make_authority(clock);
  const auto request =
      pki::CertificateRequest::create("device", "", std::nullopt, new_key()).value();
  clock.turn(std::chrono::days(3'651));
  CertificateAuthority::Terms terms;
  terms.now = clock.wall_now();
  terms.lifetime = std::chrono::days(1);
  terms.serial = Bytes(16, 'b');

  const auto issued = authority.issue(request, terms);

  ASSERT_FALSE(issued);
  EXPECT_EQ(issued.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace reveille::enrolment
