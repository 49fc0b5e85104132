// What: a document of JSON as fields that a person can correct, and the document with their texts.
// Promise: pure; any bytes are taken. Only what a person has changed is changed: members that are
//   not offered, their order and the spelling of numbers stay. What follows from the others (stock
//   effects, sums for control) is left out, for the intake makes it anew.
// Thread: any.
// Limits: kMaxFields fields of at most kMaxFieldBytes; longer ones stay as they are.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tillrelay::web {

inline constexpr size_t kMaxFields = 400, kMaxFieldBytes = 500;

struct DocumentField {
  std::string path;  // "lines[0].quantity"
  std::string value;
  bool meant = false;  // the member that was not accepted, or one below it
};

// In the order of the document, without what the intake writes itself. `wanted`: a member that was
// not accepted, in the document or in its `data`; where it is missing and could stand, it is
// offered. Empty: it is no JSON object.
std::vector<DocumentField> FieldsOf(const std::string& document, std::string_view wanted);

// "lines[0].quantity" -> "Line 1: quantity"
std::string FieldLabel(std::string_view path);

// The document with these texts by path. An empty text takes the member out; one that the document
// does not have is added where its parent is there. Empty: it is no JSON object.
std::string WithFields(const std::string& document,
                       const std::map<std::string, std::string, std::less<>>& texts);

}  // namespace tillrelay::web
