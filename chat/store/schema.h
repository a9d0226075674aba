/** The tables, as the steps of migrations.c make them. Private to chat/store. */
#ifndef CHAT_STORE_SCHEMA_H
#define CHAT_STORE_SCHEMA_H

extern const char store_schema_people[];    /* accounts, sessions, shops, links, audit */
extern const char store_schema_shows[];     /* shows, who may not talk there */
extern const char store_schema_catalogue[]; /* products, what is sold in a show, carts */
extern const char store_schema_orders[];    /* orders, payments, reservations, the outbox */

#endif
