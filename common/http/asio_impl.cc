// What: the one compilation of Asio's and Beast's separately compiled parts.
#include <utility>  // before Boost: 1.74 misses it under C++20

#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
