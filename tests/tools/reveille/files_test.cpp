#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tools/reveille/api_keys_file.h"
#include "tools/reveille/state_folder.h"
#include "tools/reveille/tls_files.h"

namespace reveille {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class FilesTest : public testing::Test {
 protected:
  FilesTest() {
    std::string name = (std::filesystem::temp_directory_path() / "reveille-files-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~FilesTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  mode_t mode_of(const std::filesystem::path& file) {
    struct stat status{};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return status.st_mode & 0777;
  }

  // An authority in the folder, as the daemon makes one.
  pki::Certificate make_authority(const std::string& name = "an authority") {
    const auto key = pki::PrivateKey::generate_p256();
    pki::CertificateTemplate contents;
    contents.common_name = name;
    contents.serial = random_.bytes(16);
    contents.not_before = std::chrono::floor<std::chrono::seconds>(clock_.wall_now());
    contents.not_after = contents.not_before + std::chrono::days(3'650);
    contents.purpose = pki::CertificateTemplate::Purpose::authority;
    const auto certificate = pki::issue_self_signed(contents, *key);
    write("ca.pem", certificate->pem());
    write("ca.key", key->to_pem());
    return *certificate;
  }

  std::filesystem::path folder_;
  SystemClock clock_;
  SystemRandomSource random_;
};

TEST_F(FilesTest, AStateFolderIsMadeForItsUserAlone) {
  const auto state = StateFolder::open(folder_ / "var" / "state");

  ASSERT_TRUE(state);
  EXPECT_EQ(mode_of(folder_ / "var" / "state"), 0700u);
}

TEST_F(FilesTest, AStateFolderThatIsAFileIsRefusedByName) {
  const auto file = write("state", "");

  const auto state = StateFolder::open(file);

  ASSERT_FALSE(state);
  EXPECT_THAT(state.error().detail, HasSubstr("the state folder " + file.string()));
}

TEST_F(FilesTest, TheSecretKeyIsMadeOnceAndKeptPrivate) {
  const auto state = StateFolder::open(folder_);

  const auto first = state->secret_key(random_);
  const auto second = state->secret_key(random_);

  ASSERT_TRUE(first);
  EXPECT_EQ(first->size(), 32u);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(mode_of(folder_ / "secret.key"), 0600u);
}

TEST_F(FilesTest, ASecretKeyThatIsGoneIsNotReplacedBesideADatabase) {
  const auto state = StateFolder::open(folder_);
  std::filesystem::create_directory(state->database());

  const auto key = state->secret_key(random_);

  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().detail, HasSubstr("secret.key is missing"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "secret.key"));
}

TEST_F(FilesTest, ASecretKeyThatWasCutIsRefused) {
  const auto state = StateFolder::open(folder_);
  write("secret.key", "abcdef\n");

  const auto key = state->secret_key(random_);

  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().detail, HasSubstr("64 hexadecimal digits"));
  EXPECT_THAT(key.error().detail, Not(HasSubstr("abcdef")));
}

TEST_F(FilesTest, TheAddressesAreJsonAndGoneAfterTheStop) {
  const auto state = StateFolder::open(folder_);

  ASSERT_TRUE(state->write_addresses({.device_port = 8443,
                                      .operators_port = 9443,
                                      .proxied_port = 0,
                                      .admin_socket = "/run/a.sock"}));

  EXPECT_EQ(*read_whole_file(folder_ / "reveilled.json"),
            "{\"pid\": " + std::to_string(::getpid()) +
                ", \"device_port\": 8443, \"operators_port\": 9443, \"proxied_port\": 0, "
                "\"admin_socket\": "
                "\"/run/a.sock\"}\n");
  state->remove_addresses();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "reveilled.json"));
}

TEST_F(FilesTest, ADevelopmentCertificateIsMadeForTheHostAndKept) {
  const pki::Certificate authority = make_authority();

  const auto first = development_tls_identity(folder_, "mdm.example.com", clock_, random_);
  const auto second = development_tls_identity(folder_, "mdm.example.com", clock_, random_);

  ASSERT_TRUE(first);
  EXPECT_EQ(first->chain.front().common_name(), "mdm.example.com");
  EXPECT_EQ(first->chain.back(), authority);
  EXPECT_TRUE(first->chain.front().belongs_to(first->key));
  EXPECT_EQ(first->chain, second->chain);
  EXPECT_EQ(mode_of(folder_ / "server.key"), 0600u);
}

TEST_F(FilesTest, ADevelopmentCertificateIsMadeAnewForAnotherHostOrAuthority) {
  make_authority();
  const auto first = development_tls_identity(folder_, "localhost", clock_, random_);
  const auto other_host = development_tls_identity(folder_, "mdm.example.com", clock_, random_);
  make_authority();

  const auto other_authority =
      development_tls_identity(folder_, "mdm.example.com", clock_, random_);

  EXPECT_NE(first->chain.front(), other_host->chain.front());
  EXPECT_NE(other_host->chain.front(), other_authority->chain.front());
}

TEST_F(FilesTest, ACertificateWithAnotherKeyIsRefusedWithBothNames) {
  const pki::Certificate authority = make_authority();
  const auto key = write("other.key", pki::PrivateKey::generate_p256()->to_pem());

  const auto identity = load_tls_identity(folder_ / "ca.pem", key);

  ASSERT_FALSE(identity);
  EXPECT_THAT(identity.error().detail,
              HasSubstr("the certificate in " + (folder_ / "ca.pem").string() +
                        " does not belong to the key in " + key.string()));
}

TEST_F(FilesTest, ACertificateFileThatIsMissingOrNotPemIsNamed) {
  const auto nonsense = write("nonsense.pem", "nonsense");

  EXPECT_THAT(load_tls_identity(folder_ / "none.pem", folder_ / "none.key").error().detail,
              HasSubstr("none.pem cannot be read"));
  EXPECT_THAT(load_tls_identity(nonsense, nonsense).error().detail, HasSubstr("nonsense.pem: "));
}

TEST_F(FilesTest, TheHostOfAUrlIsFound) {
  EXPECT_EQ(host_of("https://mdm.example.com"), "mdm.example.com");
  EXPECT_EQ(host_of("https://localhost:8443"), "localhost");
  EXPECT_EQ(host_of("https://[::1]:8443"), "::1");
}

TEST_F(FilesTest, ApiKeysAreReadLineByLine) {
  const auto file = write("keys",
                          "# of the scripts\nfirst key of good length\n\n"
                          "second key of good length\r\n");

  const auto keys = load_api_keys(file);

  ASSERT_TRUE(keys);
  EXPECT_THAT(*keys, ElementsAre("first key of good length", "second key of good length"));
}

TEST_F(FilesTest, AShortApiKeyIsRefusedByItsLineAndNotQuoted) {
  const auto keys = load_api_keys(write("keys", "# short\nswordfish\n"));

  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().detail, HasSubstr("keys:2: a key must have at least 16 characters"));
  EXPECT_THAT(keys.error().detail, Not(HasSubstr("swordfish")));
}

TEST_F(FilesTest, AFileWithoutKeysIsRefused) {
  EXPECT_THAT(load_api_keys(write("keys", "# none\n")).error().detail, HasSubstr("holds no key"));
}

}  // namespace
}  // namespace reveille
