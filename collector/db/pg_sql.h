// What: Sql over a PostgreSQL server, through libpq's pipeline mode.
// Promise, thread, errors: see sql.h. Begin takes the row lock of table `head`, so that collectors
//   sharing a database write one after the other and positions are given in commit order. A
//   collector that freezes inside a transaction is cut off by the server after 60 s. After a lost
//   connection every call fails until Reopen.
// Limits: a statement may take 60 s, a connection attempt 10 s.
#pragma once

#include <memory>
#include <string>

#include "collector/db/sql.h"

namespace tillrelay::collector {

Result<std::unique_ptr<Sql>> OpenPg(const std::string& url, Access access);

}  // namespace tillrelay::collector
