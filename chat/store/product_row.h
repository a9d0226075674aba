/** Products as rows: what product.c and product_read.c share. Private to chat/store. */
#ifndef CHAT_STORE_PRODUCT_ROW_H
#define CHAT_STORE_PRODUCT_ROW_H

#include "chat/store/product.h"

/** "normal", "perishable", "made_to_order". */
const char *store_terms_name(enum store_terms terms);
/** STORE_NORMAL for a word it does not know: the table knows no other. */
enum store_terms store_terms_of(const char *name);

#endif
