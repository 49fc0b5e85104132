#include "common/http/answer_parser.h"

#include <gtest/gtest.h>

namespace tillrelay::http {
namespace {

// The answer in `bytes`, fed in pieces of `piece` bytes; a text that says how it went.
std::string Parsed(const std::string& bytes, size_t piece, bool head_only = false) {
  AnswerParser parser(head_only);
  std::string rest;
  for (size_t at = 0; at < bytes.size() && !parser.done(); at += piece) {
    rest += bytes.substr(at, piece);
    if (const Status fed = parser.Feed(&rest); !fed.ok()) return "refused";
  }
  if (!parser.done() && !parser.End().ok()) return "cut";
  const bool closes = parser.must_close();
  const ClientResponse answer = parser.Take();
  return std::to_string(answer.status) + " " + answer.body + (closes ? " close" : "") +
         (answer.Header("x-one").empty() ? "" : " x=" + std::string(answer.Header("X-ONE")));
}

struct Row {
  const char* bytes;
  const char* expected;
};
const Row kRows[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One:  a b \r\n\r\nhello", "200 hello x=a b"},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "404  close"},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 2\r\n\r\nok", "201 ok"},
    {"HTTP/1.1 204 No Content\r\n\r\n", "204 "},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n"
     "T: v\r\n\r\n",
     "200 abcde"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "200 "},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: v\r\n\r\n", "200 "},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "cut"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\ns", "cut"},
    {"HTTP/1.1 200 OK\r\n\r\nto the end", "200 to the end close"},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "200 ok close"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "cut"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "cut"},
    {"HTTP/1.1 200 OK\r\nContent-", "cut"},
    {"", "cut"},
    {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "refused"},
    {"HTTP/1.1 2x0 OK\r\n\r\n", "refused"},
    {"HTTP/1.1 099 Continue\r\n\r\n", "refused"},
    {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "refused"},
    {"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "refused"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "refused"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 666666666666666666\r\n\r\n{}", "refused"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "refused"},
};

TEST(AnswerParser, WhateverThePieces) {
  for (const Row& row : kRows) {
    for (const size_t piece : {1u, 2u, 3u, 4u, 5u, 7u, 1000u}) {
      EXPECT_EQ(Parsed(row.bytes, piece), row.expected) << row.bytes << " in pieces of " << piece;
    }
  }
}

TEST(AnswerParser, AHeadAloneHasNoBody) {
  EXPECT_EQ(Parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 1000, true), "200 ");
}

TEST(AnswerParser, WhatComesBehindTheAnswerStays) {
  AnswerParser parser(false);
  std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1";
  ASSERT_TRUE(parser.Feed(&bytes).ok());
  EXPECT_TRUE(parser.done());
  EXPECT_EQ(bytes, "HTTP/1.1");
}

TEST(AnswerParser, AHeadWithoutEndIsRefused) {
  AnswerParser parser(false);
  std::string bytes = "HTTP/1.1 200 OK\r\nX: " + std::string(AnswerParser::kMaxHeadBytes, 'x');
  EXPECT_FALSE(parser.Feed(&bytes).ok());
}

}  // namespace
}  // namespace tillrelay::http
