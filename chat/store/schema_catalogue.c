#include "chat/store/schema.h"

/*
 * Times are milliseconds since 1970 UTC, money is whole won; 0 for a time means never. A transaction's cost is the pages it
 * touches: what is only appended to costs little, an index over random values a page per row. So there are few of those,
 * and none for constraints that hold by how rows are made.
 */

const char store_schema_catalogue[] =
    /* A product that was ordered stays for its orders: is_gone. Ids are never used again. */
    "CREATE TABLE product ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, shop_id INTEGER NOT NULL REFERENCES shop (id),"
    " name TEXT NOT NULL CHECK (name <> ''), description TEXT NOT NULL, alt TEXT NOT NULL,"
    " picture TEXT NOT NULL, price_won INTEGER NOT NULL CHECK (price_won BETWEEN 0 AND 1000000000),"
    " list_price_won INTEGER NOT NULL CHECK (list_price_won BETWEEN 0 AND 1000000000),"
    " max_per_order INTEGER NOT NULL CHECK (max_per_order BETWEEN 1 AND 999),"
    " state TEXT NOT NULL CHECK (state IN ('on', 'off')),"
    " terms TEXT NOT NULL CHECK (terms IN ('normal', 'perishable', 'made_to_order')),"
    " options TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1,"
    " is_gone INTEGER NOT NULL DEFAULT 0 CHECK (is_gone IN (0, 1)),"
    " created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX product_by_shop ON product (shop_id) WHERE is_gone = 0;"

    /* on_hand is all that was ever put in; left = on_hand - reserved - sold. */
    "CREATE TABLE variant ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, product_id INTEGER NOT NULL REFERENCES product (id),"
    " shop_id INTEGER NOT NULL REFERENCES shop (id), position INTEGER NOT NULL,"
    " choice TEXT NOT NULL, option TEXT NOT NULL,"
    " price_won INTEGER NOT NULL CHECK (price_won BETWEEN 0 AND 1000000000),"
    " on_hand INTEGER NOT NULL CHECK (on_hand BETWEEN 0 AND 1000000),"
    " reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),"
    " sold INTEGER NOT NULL DEFAULT 0 CHECK (sold >= 0), version INTEGER NOT NULL DEFAULT 1,"
    " is_ordered INTEGER NOT NULL DEFAULT 0 CHECK (is_ordered IN (0, 1)),"
    " is_gone INTEGER NOT NULL DEFAULT 0 CHECK (is_gone IN (0, 1)),"
    " CHECK (reserved + sold <= on_hand)) STRICT;"
    "CREATE INDEX variant_by_product ON variant (product_id);"

    "CREATE TABLE show_product ("
    " show_id INTEGER NOT NULL REFERENCES show (id), position INTEGER NOT NULL,"
    " product_id INTEGER NOT NULL REFERENCES product (id) ON DELETE CASCADE,"
    " PRIMARY KEY (show_id, product_id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX show_product_by_product ON show_product (product_id);"

    "CREATE TABLE cart_item ("
    " account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
    " variant_id INTEGER NOT NULL REFERENCES variant (id) ON DELETE CASCADE,"
    " quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 999),"
    " was_reduced INTEGER NOT NULL DEFAULT 0, added_ms INTEGER NOT NULL,"
    " PRIMARY KEY (account_id, variant_id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX cart_item_by_variant ON cart_item (variant_id);";

const char store_schema_orders[] =
    /* Who a seller was when an order was made; one row serves all orders until the shop changes. */
    "CREATE TABLE seller_block ("
    " id INTEGER PRIMARY KEY, shop_id INTEGER NOT NULL REFERENCES shop (id),"
    " block TEXT NOT NULL) STRICT;"
    "CREATE INDEX seller_block_by_shop ON seller_block (shop_id);"

    /* The id is the day in Korea and a count: 20261124 × 10^7 + 1. Orders of one checkout have the id of its first. */
    "CREATE TABLE purchase ("
    " id INTEGER PRIMARY KEY, checkout_id INTEGER NOT NULL,"
    " public_id BLOB NOT NULL UNIQUE CHECK (length(public_id) = 16),"
    " account_id INTEGER NOT NULL REFERENCES account (id),"
    " shop_id INTEGER NOT NULL REFERENCES shop (id), show_id INTEGER REFERENCES show (id),"
    " state TEXT NOT NULL CHECK (state IN ('pending', 'paid', 'expired', 'cancelled', 'ready',"
    "  'picked_up', 'shipping', 'delivered')),"
    " delivery TEXT NOT NULL CHECK (delivery IN ('ship', 'pickup')),"
    " is_test INTEGER NOT NULL CHECK (is_test IN (0, 1)),"
    " shipping_won INTEGER NOT NULL CHECK (shipping_won >= 0),"
    " total_won INTEGER NOT NULL CHECK (total_won >= shipping_won),"
    " created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"
    " phone_hash BLOB NOT NULL, address_bucket BLOB NOT NULL,"
    " seller_id INTEGER NOT NULL REFERENCES seller_block (id), sealed BLOB NOT NULL,"
    " reason TEXT NOT NULL DEFAULT '') STRICT;"
    "CREATE INDEX purchase_by_account ON purchase (account_id);"
    "CREATE INDEX purchase_by_shop ON purchase (shop_id);"
    "CREATE INDEX purchase_by_show ON purchase (show_id) WHERE show_id IS NOT NULL;"
    "CREATE INDEX purchase_due ON purchase (expires_ms) WHERE state = 'pending';"
    "CREATE INDEX purchase_unpaid ON purchase (phone_hash) WHERE state = 'pending';"

    "CREATE TABLE purchase_line ("
    " purchase_id INTEGER NOT NULL REFERENCES purchase (id), position INTEGER NOT NULL,"
    " product_id INTEGER NOT NULL, variant_id INTEGER NOT NULL,"
    " name TEXT NOT NULL, option TEXT NOT NULL,"
    " quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 999),"
    " price_won INTEGER NOT NULL CHECK (price_won >= 0), terms TEXT NOT NULL,"
    " PRIMARY KEY (purchase_id, position)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE payment ("
    " purchase_id INTEGER PRIMARY KEY REFERENCES purchase (id),"
    " tender TEXT NOT NULL CHECK (tender IN ('transfer', 'at_pickup')),"
    " state TEXT NOT NULL"
    "  CHECK (state IN ('ready', 'confirmed', 'expired', 'cancelled', 'refund_due')),"
    " amount_won INTEGER NOT NULL CHECK (amount_won >= 0),"
    " confirmed_ms INTEGER NOT NULL DEFAULT 0) STRICT;"

    /* A second attempt is made when money comes after the first has expired. */
    "CREATE TABLE reservation ("
    " purchase_id INTEGER NOT NULL REFERENCES purchase (id),"
    " attempt INTEGER NOT NULL, variant_id INTEGER NOT NULL,"
    " quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 999),"
    " state TEXT NOT NULL CHECK (state IN ('held', 'committed', 'released', 'expired')),"
    " expires_ms INTEGER NOT NULL,"
    " PRIMARY KEY (purchase_id, attempt, variant_id)) STRICT, WITHOUT ROWID;"

    /* Pieces that are held for one address bucket. */
    "CREATE TABLE held ("
    " variant_id INTEGER NOT NULL, address_bucket BLOB NOT NULL,"
    " quantity INTEGER NOT NULL CHECK (quantity >= 0),"
    " PRIMARY KEY (variant_id, address_bucket)) STRICT, WITHOUT ROWID;"

    /* The answer is the orders with this checkout_id. */
    "CREATE TABLE idempotency ("
    " id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE "
    "CASCADE,"
    " key TEXT NOT NULL, request_hash BLOB NOT NULL, checkout_id INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL, UNIQUE (account_id, key)) STRICT;"

    "CREATE TABLE outbox ("
    " id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
    " kind TEXT NOT NULL CHECK (kind IN ('order', 'product', 'stock')), state TEXT NOT NULL,"
    " shop_id INTEGER NOT NULL, purchase_id INTEGER, product_id INTEGER, variant_id INTEGER) "
    "STRICT;"
    "CREATE TABLE outbox_reader ("
    " name TEXT PRIMARY KEY, mark INTEGER NOT NULL) STRICT, WITHOUT ROWID;";
