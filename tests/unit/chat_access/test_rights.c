/* Who may do what, written out a second time, by hand and from the words of the product: not from the table under test. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

#include "chat/access/rights.h"

/* Roles in the order guest, buyer, chat_only, manager, host, owner, operator: Y may, - may not. */
// clang-format off
static const struct {
    enum access_operation operation;
    const char *name, *may;
    enum access_scope scope;
} matrix[] = {
    /*                                           G B C M H O P */
    {ACCESS_SESSION_READ, "session.read",       "Y Y Y Y Y Y Y", ACCESS_SCOPE_ANY},
    {ACCESS_SESSION_CREATE, "session.create",   "Y Y Y Y Y Y Y", ACCESS_SCOPE_ANY},
    {ACCESS_SESSION_END, "session.end",         "Y Y Y Y Y Y Y", ACCESS_SCOPE_SELF},
    {ACCESS_GUEST_CREATE, "guest.create",       "Y - - - - - -", ACCESS_SCOPE_ANY},
    {ACCESS_INVITE_ACCEPT, "invite.accept",     "Y Y Y Y Y Y Y", ACCESS_SCOPE_ANY},
    {ACCESS_SHOP_IDENTITY, "shop.identity",     "Y Y Y Y Y Y Y", ACCESS_SCOPE_ANY},
    {ACCESS_SHOW_READ, "show.read",             "Y Y Y Y Y Y Y", ACCESS_SCOPE_ANY},
    {ACCESS_SHOW_WATCH, "show.watch",           "Y Y Y Y Y Y Y", ACCESS_SCOPE_ANY},
    {ACCESS_PRODUCT_READ, "product.read",       "Y Y Y Y Y Y Y", ACCESS_SCOPE_ANY},
    {ACCESS_CHAT_HEART, "chat.heart",           "Y Y Y Y Y Y Y", ACCESS_SCOPE_ANY},
    {ACCESS_CHAT_SEND, "chat.send",             "Y Y Y Y Y Y Y", ACCESS_SCOPE_SELF},

    {ACCESS_CART_EDIT, "cart.edit",             "Y Y Y Y Y Y -", ACCESS_SCOPE_SELF},
    {ACCESS_ORDER_CREATE, "order.create",       "Y Y Y Y Y Y -", ACCESS_SCOPE_SELF},
    {ACCESS_ORDER_READ, "order.read",           "Y Y Y Y Y Y -", ACCESS_SCOPE_SELF},
    {ACCESS_ORDER_CANCEL, "order.cancel",       "Y Y Y Y Y Y -", ACCESS_SCOPE_SELF},

    {ACCESS_CHAT_DELETE, "chat.delete",         "- - Y Y Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_CHAT_MUTE, "chat.mute",             "- - Y Y Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_CHAT_BAN, "chat.ban",               "- - Y Y Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_CHAT_SLOW, "chat.slow",             "- - Y Y Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_CHAT_FREEZE, "chat.freeze",         "- - - Y Y Y Y", ACCESS_SCOPE_SHOP},
    {ACCESS_CHAT_SEND_FROZEN, "chat.send_frozen", "- - - Y Y Y Y", ACCESS_SCOPE_SHOP},
    {ACCESS_NOTICE_EDIT, "notice.edit",         "- - - Y Y Y -", ACCESS_SCOPE_SHOP},

    {ACCESS_SHOW_PREVIEW, "show.preview",       "- - Y Y Y Y Y", ACCESS_SCOPE_SHOP},
    {ACCESS_SHOW_CREATE, "show.create",         "- - - - Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_SHOW_EDIT, "show.edit",             "- - - Y Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_SHOW_START, "show.start",           "- - - - Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_SHOW_END, "show.end",               "- - - - Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_SHOW_REPORT, "show.report",         "- - - Y Y Y Y", ACCESS_SCOPE_SHOP},

    {ACCESS_PRODUCT_EDIT, "product.edit",       "- - - Y Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_PRODUCT_PIN, "product.pin",         "- - - Y Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_STOCK_EDIT, "stock.edit",           "- - - Y Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_PICTURE_UPLOAD, "picture.upload",   "- - - Y Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_ORDER_LIST, "order.list",           "- - - Y Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_ORDER_CONTACT, "order.contact",     "- - - Y - Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_ORDER_CONFIRM, "order.confirm",     "- - - Y - Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_ORDER_REFUSE, "order.refuse",       "- - - Y - Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_ORDER_SHIP, "order.ship",           "- - - Y - Y -", ACCESS_SCOPE_SHOP},

    {ACCESS_SHOP_READ, "shop.read",             "- - - Y Y Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_SHOP_EDIT, "shop.edit",             "- - - - - Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_KEY_READ, "key.read",               "- - - - - Y -", ACCESS_SCOPE_SHOP},
    {ACCESS_KEY_ROTATE, "key.rotate",           "- - - - - Y -", ACCESS_SCOPE_SHOP},

    {ACCESS_PLATFORM_READ, "platform.read",     "- - - - - - Y", ACCESS_SCOPE_PLATFORM},
    {ACCESS_SELLER_INVITE, "seller.invite",     "- - - - - - Y", ACCESS_SCOPE_PLATFORM},
    {ACCESS_SHOW_STOP, "show.stop",             "- - - - - - Y", ACCESS_SCOPE_PLATFORM},
    {ACCESS_SALES_STOP, "sales.stop",           "- - - - - - Y", ACCESS_SCOPE_PLATFORM},
    {ACCESS_SALES_RESUME, "sales.resume",       "- - - - - - Y", ACCESS_SCOPE_PLATFORM},
    {ACCESS_AUDIT_READ, "audit.read",           "- - - - - - Y", ACCESS_SCOPE_PLATFORM},
};

// clang-format on

/* Its row here, or a failed test: a new operation has to be thought of twice. */
static size_t row_of(int operation)
{
    size_t found = JT_COUNT(matrix);

    for (size_t i = 0; i < JT_COUNT(matrix); i++)
        if ((int)matrix[i].operation == operation) {
            assert_int_equal(found, JT_COUNT(matrix)); /* once */
            found = i;
        }
    if (found == JT_COUNT(matrix))
        fail_msg("no row for %s", access_operation_name((enum access_operation)operation));
    return found;
}

static void test_a6_every_operation_and_role(void **state)
{
    static const enum access_role order[] = {ACCESS_GUEST,   ACCESS_BUYER, ACCESS_CHAT_ONLY,
                                             ACCESS_MANAGER, ACCESS_HOST,  ACCESS_OWNER,
                                             ACCESS_OPERATOR};

    (void)state;
    assert_int_equal(JT_COUNT(order), ACCESS_ROLES);
    for (int i = 0; i < ACCESS_OPERATIONS; i++) {
        size_t row = row_of(i);

        assert_string_equal(access_operation_name((enum access_operation)i), matrix[row].name);
        assert_int_equal(access_operation_scope((enum access_operation)i), matrix[row].scope);
        for (size_t role = 0; role < JT_COUNT(order); role++)
            if (access_may((enum access_operation)i, access_role_mask(order[role])) !=
                (matrix[row].may[2 * role] == 'Y'))
                fail_msg("%s by %s", matrix[row].name, access_role_name(order[role]));
    }
    assert_int_equal(JT_COUNT(matrix), ACCESS_OPERATIONS);
}

static void test_a6_several_roles_add_up(void **state)
{
    (void)state;
    for (int i = 0; i < ACCESS_OPERATIONS; i++)
        for (unsigned mask = 0; mask < 1U << ACCESS_ROLES; mask++) {
            const char *may = matrix[row_of(i)].may;
            bool expected = false;

            for (int role = 0; role < ACCESS_ROLES; role++)
                expected = expected || (mask >> role & 1U && may[2 * role] == 'Y');
            assert_int_equal(access_may((enum access_operation)i, mask), expected);
        }
}

static void test_a6_unknown_is_refused(void **state)
{
    static const int unknown[] = {-1, ACCESS_OPERATIONS, ACCESS_OPERATIONS + 1, 1 << 20};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(unknown); i++) {
        enum access_operation operation = (enum access_operation)unknown[i];

        assert_false(access_may(operation, ~0U));
        assert_string_equal(access_operation_name(operation), "unknown");
        assert_int_equal(access_operation_scope(operation), ACCESS_SCOPE_PLATFORM);
    }
    for (int i = 0; i < ACCESS_OPERATIONS; i++) {
        assert_false(access_may((enum access_operation)i, 0));
        assert_false(access_may((enum access_operation)i, ~0U << ACCESS_ROLES));
    }
}

static void test_role_names(void **state)
{
    static const char *const names[] = {"guest", "buyer", "chat_only", "manager",
                                        "host",  "owner", "operator"};
    static const char *const foreign[] = {"", "Owner", "owner ", "admin", "unknown", "own"};

    (void)state;
    for (int role = 0; role < ACCESS_ROLES; role++) {
        assert_string_equal(access_role_name((enum access_role)role), names[role]);
        assert_int_equal(access_role_parse(names[role]), role);
    }
    assert_string_equal(access_role_name(ACCESS_ROLES), "unknown");
    for (size_t i = 0; i < JT_COUNT(foreign); i++)
        assert_int_equal(access_role_parse(foreign[i]), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a6_every_operation_and_role),
        cmocka_unit_test(test_a6_several_roles_add_up),
        cmocka_unit_test(test_a6_unknown_is_refused),
        cmocka_unit_test(test_role_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
