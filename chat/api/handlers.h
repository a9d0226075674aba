/** The handlers, by the file they stand in. routes.c says which of them answers what. */
#ifndef CHAT_API_HANDLERS_H
#define CHAT_API_HANDLERS_H

struct api_call;

/* session.c */
void api_session_read(struct api_call *call);
void api_session_create(struct api_call *call);
void api_session_end(struct api_call *call);
void api_guest_create(struct api_call *call);

/* invite.c */
void api_invite_look(struct api_call *call);
void api_invite_accept(struct api_call *call);
void api_seller_invite(struct api_call *call);
void api_seller_list(struct api_call *call);

/* shop.c */
void api_shop_read(struct api_call *call);
void api_shop_write(struct api_call *call);
void api_shop_identity(struct api_call *call);
void api_key_reveal(struct api_call *call);
void api_key_rotate(struct api_call *call);

/* show.c: reading */
void api_show_list(struct api_call *call);
void api_show_read(struct api_call *call);
void api_show_list_own(struct api_call *call);
void api_show_list_all(struct api_call *call);
void api_show_report(struct api_call *call);
void api_ticket_create(struct api_call *call);
void api_play_token_create(struct api_call *call);

/* stage.c: running a show */
void api_show_create(struct api_call *call);
void api_show_edit(struct api_call *call);
void api_show_start(struct api_call *call);
void api_show_end(struct api_call *call);
void api_show_pin(struct api_call *call);
void api_show_notice(struct api_call *call);
void api_show_stop(struct api_call *call);
void api_show_freeze(struct api_call *call);
void api_show_sales(struct api_call *call);
void api_show_products(struct api_call *call);

/* product.c */
void api_product_list(struct api_call *call);
void api_product_create(struct api_call *call);
void api_product_edit(struct api_call *call);
void api_product_delete(struct api_call *call);
void api_stock_add(struct api_call *call);

/* picture.c */
void api_picture_upload(struct api_call *call);
void api_picture_serve(struct api_call *call);

/* cart.c */
void api_cart_read(struct api_call *call);
void api_cart_set(struct api_call *call);

/* order.c: the buyer's side; orders.c: the shop's */
void api_order_create(struct api_call *call);
void api_order_read(struct api_call *call);
void api_order_list(struct api_call *call);
void api_order_cancel(struct api_call *call);
void api_shop_order_list(struct api_call *call);
void api_shop_order_table(struct api_call *call);
void api_shop_order_confirm(struct api_call *call);
void api_shop_order_cancel(struct api_call *call);
void api_shop_order_move(struct api_call *call);

/* operator.c */
void api_audit_list(struct api_call *call);

#endif
