#include "protocol/pki/scep_message.h"

#include <algorithm>
#include <charconv>

#include "protocol/base/ensure.h"

namespace reveille::pki::scep {

namespace {

constexpr size_t transaction_id_bytes_max = 255;
constexpr size_t nonce_bytes_max = 64;  // RFC 8894 has 16; Macs have sent 8

const ASN1_OBJECT* make_object(const char* dotted) {
  const ASN1_OBJECT* object = OBJ_txt2obj(dotted, 1);
  ensure(object != nullptr, "SCEP's object identifiers are well-formed");
  return object;
}

struct Objects {
  const ASN1_OBJECT* message_type = make_object("2.16.840.1.113733.1.9.2");
  const ASN1_OBJECT* status = make_object("2.16.840.1.113733.1.9.3");
  const ASN1_OBJECT* fail_info = make_object("2.16.840.1.113733.1.9.4");
  const ASN1_OBJECT* sender_nonce = make_object("2.16.840.1.113733.1.9.5");
  const ASN1_OBJECT* recipient_nonce = make_object("2.16.840.1.113733.1.9.6");
  const ASN1_OBJECT* transaction_id = make_object("2.16.840.1.113733.1.9.7");
};

// Made once a process, never changed.
const Objects& objects() {
  static const Objects made;
  return made;
}

// Reads attributes; remembers that one was wrong.
class AttributeReader {
 public:
  explicit AttributeReader(const CMS_SignerInfo* signer) : signer_(signer) {}

  std::optional<Bytes> nonce(const ASN1_OBJECT* object) {
    const ASN1_TYPE* value = only_value(object);
    if (value == nullptr) return std::nullopt;
    if (ASN1_TYPE_get(value) != V_ASN1_OCTET_STRING) return refuse();
    Bytes bytes = bytes_of(value->value.octet_string);
    if (bytes.empty() || bytes.size() > nonce_bytes_max) return refuse();
    return bytes;
  }

  // Go's encoder makes a UTF8String of what does not fit PrintableString.
  std::optional<std::string> text(const ASN1_OBJECT* object) {
    const ASN1_TYPE* value = only_value(object);
    if (value == nullptr) return std::nullopt;
    const int type = ASN1_TYPE_get(value);
    if (type != V_ASN1_PRINTABLESTRING && type != V_ASN1_UTF8STRING && type != V_ASN1_IA5STRING) {
      return refuse();
    }
    std::string read = bytes_of(value->value.asn1_string);
    const auto is_visible = [](char letter) { return letter >= ' ' && letter <= '~'; };
    if (read.empty() || read.size() > transaction_id_bytes_max ||
        !std::ranges::all_of(read, is_visible)) {
      return refuse();
    }
    return read;
  }

  std::optional<int> number(const ASN1_OBJECT* object) {
    const auto digits = text(object);
    if (!digits) return std::nullopt;
    int read = 0;
    const char* end = digits->data() + digits->size();
    const auto [stop, problem] = std::from_chars(digits->data(), end, read);
    if (problem != std::errc() || stop != end || read < 0) {
      all_right_ = false;
      return std::nullopt;
    }
    return read;
  }

  bool all_right() const { return all_right_; }

 private:
  // nullptr when the attribute is absent, and when it comes twice or with several values: which of
  // them counts is not ours to guess.
  const ASN1_TYPE* only_value(const ASN1_OBJECT* object) {
    const int index = CMS_signed_get_attr_by_OBJ(signer_, object, -1);
    if (index < 0) return nullptr;
    X509_ATTRIBUTE* attribute = CMS_signed_get_attr(signer_, index);
    if (CMS_signed_get_attr_by_OBJ(signer_, object, index) >= 0 ||
        X509_ATTRIBUTE_count(attribute) != 1) {
      all_right_ = false;
      return nullptr;
    }
    return X509_ATTRIBUTE_get0_type(attribute, 0);
  }

  static Bytes bytes_of(const ASN1_STRING* text) {
    return Bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                 static_cast<size_t>(ASN1_STRING_length(text)));
  }

  std::nullopt_t refuse() {
    all_right_ = false;
    return std::nullopt;
  }

  const CMS_SignerInfo* signer_;
  bool all_right_ = true;
};

bool add(CMS_SignerInfo* signer, const ASN1_OBJECT* object, int type, BytesView value) {
  return CMS_signed_add1_attr_by_OBJ(signer, object, type, value.data(),
                                     static_cast<int>(value.size())) == 1;
}

bool add_text(CMS_SignerInfo* signer, const ASN1_OBJECT* object,
              const std::optional<std::string>& text) {
  if (!text) return true;
  const int type = is_printable_string(*text) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
  return add(signer, object, type, *text);
}

bool add_number(CMS_SignerInfo* signer, const ASN1_OBJECT* object, std::optional<int> number) {
  return !number || add_text(signer, object, std::to_string(*number));
}

bool add_nonce(CMS_SignerInfo* signer, const ASN1_OBJECT* object,
               const std::optional<Bytes>& nonce) {
  return !nonce || add(signer, object, V_ASN1_OCTET_STRING, *nonce);
}

bool add_attributes(CMS_SignerInfo* signer, const Attributes& attributes) {
  return add_number(signer, objects().message_type, attributes.message_type) &&
         add_number(signer, objects().status, attributes.status) &&
         add_number(signer, objects().fail_info, attributes.fail_info) &&
         add_nonce(signer, objects().sender_nonce, attributes.sender_nonce) &&
         add_nonce(signer, objects().recipient_nonce, attributes.recipient_nonce) &&
         add_text(signer, objects().transaction_id, attributes.transaction_id);
}

}  // namespace

Result<Message> parse_message(BytesView bytes) {
  auto cms = parse_content_info(bytes, NID_pkcs7_signed);
  if (!cms) return std::unexpected(cms.error());
  const auto signer = only_signer(cms->get());
  if (!signer) return std::unexpected(signer.error());
  AttributeReader reader(*signer);
  Attributes attributes{
      .message_type = reader.number(objects().message_type),
      .status = reader.number(objects().status),
      .fail_info = reader.number(objects().fail_info),
      .sender_nonce = reader.nonce(objects().sender_nonce),
      .recipient_nonce = reader.nonce(objects().recipient_nonce),
      .transaction_id = reader.text(objects().transaction_id),
  };
  if (!reader.all_right()) return failure(ErrorCode::malformed, "SCEP: signed attributes");
  return Message{.cms = std::move(*cms), .attributes = std::move(attributes)};
}

Result<Bytes> sign_message(const Attributes& attributes, const std::optional<Bytes>& content,
                           const Certificate& signer, const PrivateKey& key) {
  const auto draft =
      start_signature(signer, key, {}, content ? Content::attached : Content::detached);
  if (!draft) return std::unexpected(draft.error());
  if (!add_attributes(draft->signer, attributes)) {
    return openssl_failure(ErrorCode::unavailable, "SCEP: signed attributes");
  }
  return finish_signature(*draft, content ? BytesView(*content) : BytesView());
}

}  // namespace reveille::pki::scep
