#include <openssl/evp.h>

#include <memory>

#include "bench/message_file.h"
#include "bench/unit_costs.h"
#include "protocol/base/ensure.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/mdm_signature.h"

namespace reveille::bench {
namespace {

constexpr std::size_t verifications = 16;  // of one iteration

enum class KeyKind { rsa_2048, p256 };

struct Device {
  explicit Device(KeyKind kind)
      : key((kind == KeyKind::p256 ? pki::PrivateKey::generate_p256()
                                   : pki::PrivateKey::generate_rsa(2048))
                .value()),
        certificate(pki::issue_self_signed(contents(), key).value()) {}

  static pki::CertificateTemplate contents() {
    pki::CertificateTemplate contents;
    contents.common_name = "BE7C0000-0000-4000-8000-000000000001";
    contents.serial = Bytes(16, '\1');
    contents.not_before = pki::Time(std::chrono::seconds(1'700'000'000));
    contents.not_after = contents.not_before + std::chrono::years(10);
    contents.purpose = pki::CertificateTemplate::Purpose::authority;  // its own anchor
    return contents;
  }

  pki::PrivateKey key;
  pki::Certificate certificate;
};

using DigestContext =
    std::unique_ptr<EVP_MD_CTX, decltype([](EVP_MD_CTX* context) { EVP_MD_CTX_free(context); })>;

// What the arithmetic alone takes: one signature verified over a digest, all objects at hand.
class BareVerification {
 public:
  BareVerification(const Device& device, BytesView body) : device_(device), body_(body) {
    DigestContext context(EVP_MD_CTX_new());
    ensure(
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, device.key.native()) == 1,
        "a key that signs");
    std::size_t size = 0;
    EVP_DigestSign(context.get(), nullptr, &size, bytes(body_), body_.size());
    signature_.resize(size);
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature_.data()), &size,
                   bytes(body_), body_.size());
    signature_.resize(size);
  }

  void verify() const {
    DigestContext context(EVP_MD_CTX_new());
    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, device_.key.native());
    ensure(EVP_DigestVerify(context.get(), bytes(signature_), signature_.size(), bytes(body_),
                            body_.size()) == 1,
           "the signature holds");
  }

 private:
  static const unsigned char* bytes(BytesView view) {
    return reinterpret_cast<const unsigned char*>(view.data());
  }

  const Device& device_;
  BytesView body_;
  Bytes signature_;
};

// What does Mdm-Signature cost: Base64, CMS and certificate read, the signature verified? Beside
// it, in turn, the bare arithmetic ("bare_cpu_ns").
void BM_VerifyMdmSignature(benchmark::State& state, KeyKind kind) {
  const Device device(kind);
  const Bytes body = message_file("results/device-information.plist");
  const std::string header = pki::make_mdm_signature(body, device.certificate, device.key).value();
  const BareVerification bare(device, body);
  UnitCosts ours, theirs;
  for (auto _ : state) {
    ours.measure(verifications, [&] {
      for (std::size_t i = 0; i < verifications; ++i) {
        ensure(pki::verify_mdm_signature(header, body).has_value(), "verified");
      }
    });
    theirs.measure(verifications, [&] {
      for (std::size_t i = 0; i < verifications; ++i) bare.verify();
    });
  }
  ours.report(state);
  state.counters["bare_cpu_ns"] = theirs.cpu_nanoseconds_per_unit();
}
BENCHMARK_CAPTURE(BM_VerifyMdmSignature, rsa_2048, KeyKind::rsa_2048);
BENCHMARK_CAPTURE(BM_VerifyMdmSignature, p256, KeyKind::p256);

// What does it take to see that a device's certificate chains to our authority?
void BM_VerifyClientCertificate(benchmark::State& state) {
  const Device authority(KeyKind::rsa_2048);
  const Device device(KeyKind::p256);
  auto contents = Device::contents();
  contents.purpose = pki::CertificateTemplate::Purpose::tls_client;
  const auto leaf = pki::issue(contents, device.key, authority.certificate, authority.key).value();
  const std::vector<pki::Certificate> anchors{authority.certificate};
  const pki::Time time = contents.not_before + std::chrono::days(1);
  ensure(pki::verify_client_certificate(leaf, {}, anchors, time).has_value(), "it chains");
  measure_units(state, verifications, [&] {
    benchmark::DoNotOptimize(pki::verify_client_certificate(leaf, {}, anchors, time));
  });
}
BENCHMARK(BM_VerifyClientCertificate);

}  // namespace
}  // namespace reveille::bench
