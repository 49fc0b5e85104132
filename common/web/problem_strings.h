// What: what a page says instead of a problem document.
// Thread: immutable.
#pragma once

#include "common/language/text.h"

namespace tillrelay::strings {

inline constexpr Text kProblemNotFound = "There is no page at this address.";
inline constexpr Text kProblemMethod = "This address does not take what was sent to it.";
inline constexpr Text kProblemParameter = "The address asks for something that is not known here.";
inline constexpr Text kProblemNotAllowed = "Whoever is signed in here may not do that.";
inline constexpr Text kProblemOldForm =
    "The form is too old, or of another sign-in. Open the page again and repeat it.";
inline constexpr Text kProblemNobody =
    "Nobody can sign in from another machine yet: run \"tillrelay set-password\" on the server "
    "first.";
inline constexpr Text kProblemTooLarge = "What was sent is larger than this server takes.";
inline constexpr Text kProblemHost = "This server does not answer to the name in the address.";
inline constexpr Text kProblemOtherSite = "Requests from pages of other sites are refused.";
inline constexpr Text kProblemToken = "This page needs a token.";
inline constexpr Text kProblemBusy = "The server is busy. Try again in a moment.";
inline constexpr Text kProblemOther = "This request cannot be answered.";
inline constexpr Text kProblemDetail = "Detail: {}.";
inline constexpr Text kProblemCode = "HTTP {}, {}";

}  // namespace tillrelay::strings
