#include "chat/store/schema.h"

/* Times are milliseconds since 1970 UTC, money is whole won; 0 for a time means never. */

const char store_schema_people[] =
    /* A guest has no login; a person's shops and roles are in member. */
    "CREATE TABLE account ("
    " id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('guest', 'buyer', 'operator')),"
    " login TEXT COLLATE NOCASE UNIQUE, password TEXT, name TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL, CHECK ((login IS NULL) = (password IS NULL)),"
    " CHECK (kind = 'guest' OR login IS NOT NULL)) STRICT;"

    /* Only a hash of what the cookie holds. */
    "CREATE TABLE session ("
    " hash BLOB PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
    " created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX session_by_account ON session (account_id);"
    "CREATE INDEX session_by_expiry ON session (expires_ms);"

    "CREATE TABLE shop ("
    " id INTEGER PRIMARY KEY, name TEXT NOT NULL,"
    " representative TEXT NOT NULL DEFAULT '', address TEXT NOT NULL DEFAULT '',"
    " phone TEXT NOT NULL DEFAULT '', email TEXT NOT NULL DEFAULT '',"
    " business_number TEXT NOT NULL DEFAULT '', mail_order_number TEXT NOT NULL DEFAULT '',"
    " returns_text TEXT NOT NULL DEFAULT '', bank_name TEXT NOT NULL DEFAULT '',"
    " bank_account TEXT NOT NULL DEFAULT '', bank_holder TEXT NOT NULL DEFAULT '',"
    " transfer_hours INTEGER NOT NULL DEFAULT 24 CHECK (transfer_hours BETWEEN 1 AND 72),"
    " pickup_place TEXT NOT NULL DEFAULT '',"
    " shipping_won INTEGER NOT NULL DEFAULT 3000 CHECK (shipping_won >= 0),"
    " live_at_once INTEGER NOT NULL DEFAULT 0 CHECK (live_at_once IN (0, 1)),"
    " key_sealed BLOB NOT NULL DEFAULT x'', key_lookup BLOB UNIQUE, created_ms INTEGER NOT NULL) "
    "STRICT;"

    "CREATE TABLE member ("
    " shop_id INTEGER NOT NULL REFERENCES shop (id),"
    " account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
    " role TEXT NOT NULL CHECK (role IN ('chat_only', 'manager', 'host', 'owner')),"
    " created_ms INTEGER NOT NULL, PRIMARY KEY (shop_id, account_id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX member_by_account ON member (account_id);"

    /* One-time links: the hash of what the link holds. */
    "CREATE TABLE invite ("
    " hash BLOB PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('operator', 'seller')),"
    " shop_id INTEGER REFERENCES shop (id), created_by INTEGER REFERENCES account (id),"
    " created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"
    " used_ms INTEGER NOT NULL DEFAULT 0, used_by INTEGER REFERENCES account (id),"
    " CHECK ((kind = 'seller') = (shop_id IS NOT NULL))) STRICT, WITHOUT ROWID;"

    "CREATE TABLE audit ("
    " id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, actor_id INTEGER REFERENCES account (id),"
    " shop_id INTEGER REFERENCES shop (id), operation TEXT NOT NULL, target TEXT NOT NULL,"
    " reason TEXT NOT NULL DEFAULT '') STRICT;";

const char store_schema_shows[] =
    "CREATE TABLE show ("
    " id INTEGER PRIMARY KEY, shop_id INTEGER NOT NULL REFERENCES shop (id),"
    " link TEXT NOT NULL UNIQUE, title TEXT NOT NULL,"
    " state TEXT NOT NULL DEFAULT 'scheduled'"
    "  CHECK (state IN ('scheduled', 'ready', 'live', 'ended')),"
    " access TEXT NOT NULL CHECK (access IN ('public', 'token')),"
    " starts_ms INTEGER NOT NULL DEFAULT 0, started_ms INTEGER NOT NULL DEFAULT 0,"
    " ended_ms INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL,"
    " notice TEXT NOT NULL DEFAULT '', pin_product_id INTEGER,"
    " version INTEGER NOT NULL DEFAULT 0," /* counts up with every change that pages are told of */
    " is_chat_frozen INTEGER NOT NULL DEFAULT 0 CHECK (is_chat_frozen IN (0, 1)),"
    " is_sales_stopped INTEGER NOT NULL DEFAULT 0 CHECK (is_sales_stopped IN (0, 1)),"
    " slow_s INTEGER NOT NULL DEFAULT 0 CHECK (slow_s BETWEEN 0 AND 120),"
    " peak_viewers INTEGER NOT NULL DEFAULT 0, visitors INTEGER NOT NULL DEFAULT 0,"
    " hearts INTEGER NOT NULL DEFAULT 0, messages INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX show_by_shop ON show (shop_id, state);"
    "CREATE INDEX show_by_state ON show (state) WHERE state <> 'ended';"
    /* At most one show of a shop is on air. */
    "CREATE UNIQUE INDEX show_open ON show (shop_id) WHERE state IN ('ready', 'live');"

    "CREATE TABLE ban ("
    " shop_id INTEGER NOT NULL REFERENCES shop (id),"
    " account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
    " show_id INTEGER NOT NULL REFERENCES show (id), kind TEXT NOT NULL CHECK (kind IN ('ban', "
    "'mute')),"
    " until_ms INTEGER NOT NULL, steps INTEGER NOT NULL DEFAULT 1, by_id INTEGER NOT NULL "
    "REFERENCES account (id),"
    " at_ms INTEGER NOT NULL, PRIMARY KEY (show_id, account_id, kind)) STRICT, WITHOUT ROWID;";
