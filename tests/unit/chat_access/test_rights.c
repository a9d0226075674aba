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
    enum access_scope scope;
    const char *name, *may;
} matrix[] = {
    /*                                                                     G B C M H O P */
    {ACCESS_SESSION_READ,      ACCESS_SCOPE_ANY,      "session.read",     "Y Y Y Y Y Y Y"},
    {ACCESS_SESSION_CREATE,    ACCESS_SCOPE_ANY,      "session.create",   "Y Y Y Y Y Y Y"},
    {ACCESS_SESSION_END,       ACCESS_SCOPE_SELF,     "session.end",      "Y Y Y Y Y Y Y"},
    {ACCESS_GUEST_CREATE,      ACCESS_SCOPE_ANY,      "guest.create",     "Y - - - - - -"},
    {ACCESS_INVITE_ACCEPT,     ACCESS_SCOPE_ANY,      "invite.accept",    "Y Y Y Y Y Y Y"},
    {ACCESS_SHOP_IDENTITY,     ACCESS_SCOPE_ANY,      "shop.identity",    "Y Y Y Y Y Y Y"},
    {ACCESS_SHOW_READ,         ACCESS_SCOPE_ANY,      "show.read",        "Y Y Y Y Y Y Y"},
    {ACCESS_SHOW_WATCH,        ACCESS_SCOPE_ANY,      "show.watch",       "Y Y Y Y Y Y Y"},
    {ACCESS_PRODUCT_READ,      ACCESS_SCOPE_ANY,      "product.read",     "Y Y Y Y Y Y Y"},
    {ACCESS_CHAT_HEART,        ACCESS_SCOPE_ANY,      "chat.heart",       "Y Y Y Y Y Y Y"},
    {ACCESS_CHAT_SEND,         ACCESS_SCOPE_SELF,     "chat.send",        "Y Y Y Y Y Y Y"},

    {ACCESS_CART_EDIT,         ACCESS_SCOPE_SELF,     "cart.edit",        "Y Y Y Y Y Y -"},
    {ACCESS_ORDER_CREATE,      ACCESS_SCOPE_SELF,     "order.create",     "Y Y Y Y Y Y -"},
    {ACCESS_ORDER_READ,        ACCESS_SCOPE_SELF,     "order.read",       "Y Y Y Y Y Y -"},
    {ACCESS_ORDER_CANCEL,      ACCESS_SCOPE_SELF,     "order.cancel",     "Y Y Y Y Y Y -"},

    {ACCESS_CHAT_DELETE,       ACCESS_SCOPE_SHOP,     "chat.delete",      "- - Y Y Y Y -"},
    {ACCESS_CHAT_MUTE,         ACCESS_SCOPE_SHOP,     "chat.mute",        "- - Y Y Y Y -"},
    {ACCESS_CHAT_BAN,          ACCESS_SCOPE_SHOP,     "chat.ban",         "- - Y Y Y Y -"},
    {ACCESS_CHAT_SLOW,         ACCESS_SCOPE_SHOP,     "chat.slow",        "- - Y Y Y Y -"},
    {ACCESS_CHAT_FREEZE,       ACCESS_SCOPE_SHOP,     "chat.freeze",      "- - - Y Y Y Y"},
    {ACCESS_CHAT_SEND_FROZEN,  ACCESS_SCOPE_SHOP,     "chat.send_frozen", "- - - Y Y Y Y"},
    {ACCESS_NOTICE_EDIT,       ACCESS_SCOPE_SHOP,     "notice.edit",      "- - - Y Y Y -"},

    {ACCESS_SHOW_PREVIEW,      ACCESS_SCOPE_SHOP,     "show.preview",     "- - Y Y Y Y Y"},
    {ACCESS_SHOW_CREATE,       ACCESS_SCOPE_SHOP,     "show.create",      "- - - - Y Y -"},
    {ACCESS_SHOW_EDIT,         ACCESS_SCOPE_SHOP,     "show.edit",        "- - - Y Y Y -"},
    {ACCESS_SHOW_START,        ACCESS_SCOPE_SHOP,     "show.start",       "- - - - Y Y -"},
    {ACCESS_SHOW_END,          ACCESS_SCOPE_SHOP,     "show.end",         "- - - - Y Y -"},
    {ACCESS_SHOW_REPORT,       ACCESS_SCOPE_SHOP,     "show.report",      "- - - Y Y Y Y"},

    {ACCESS_PRODUCT_EDIT,      ACCESS_SCOPE_SHOP,     "product.edit",     "- - - Y Y Y -"},
    {ACCESS_PRODUCT_PIN,       ACCESS_SCOPE_SHOP,     "product.pin",      "- - - Y Y Y -"},
    {ACCESS_STOCK_EDIT,        ACCESS_SCOPE_SHOP,     "stock.edit",       "- - - Y Y Y -"},
    {ACCESS_PICTURE_UPLOAD,    ACCESS_SCOPE_SHOP,     "picture.upload",   "- - - Y Y Y -"},
    {ACCESS_ORDER_LIST,        ACCESS_SCOPE_SHOP,     "order.list",       "- - - Y Y Y -"},
    {ACCESS_ORDER_CONTACT,     ACCESS_SCOPE_SHOP,     "order.contact",    "- - - Y - Y -"},
    {ACCESS_ORDER_CONFIRM,     ACCESS_SCOPE_SHOP,     "order.confirm",    "- - - Y - Y -"},
    {ACCESS_ORDER_REFUSE,      ACCESS_SCOPE_SHOP,     "order.refuse",     "- - - Y - Y -"},
    {ACCESS_ORDER_SHIP,        ACCESS_SCOPE_SHOP,     "order.ship",       "- - - Y - Y -"},

    {ACCESS_SHOP_READ,         ACCESS_SCOPE_SHOP,     "shop.read",        "- - - Y Y Y -"},
    {ACCESS_SHOP_EDIT,         ACCESS_SCOPE_SHOP,     "shop.edit",        "- - - - - Y -"},
    {ACCESS_KEY_READ,          ACCESS_SCOPE_SHOP,     "key.read",         "- - - - - Y -"},
    {ACCESS_KEY_ROTATE,        ACCESS_SCOPE_SHOP,     "key.rotate",       "- - - - - Y -"},

    {ACCESS_PLATFORM_READ,     ACCESS_SCOPE_PLATFORM, "platform.read",    "- - - - - - Y"},
    {ACCESS_SELLER_INVITE,     ACCESS_SCOPE_PLATFORM, "seller.invite",    "- - - - - - Y"},
    {ACCESS_SHOW_STOP,         ACCESS_SCOPE_PLATFORM, "show.stop",        "- - - - - - Y"},
    {ACCESS_SALES_STOP,        ACCESS_SCOPE_PLATFORM, "sales.stop",       "- - - - - - Y"},
    {ACCESS_SALES_RESUME,      ACCESS_SCOPE_PLATFORM, "sales.resume",     "- - - - - - Y"},
    {ACCESS_AUDIT_READ,        ACCESS_SCOPE_PLATFORM, "audit.read",       "- - - - - - Y"},
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
                (matrix[row].may[(size_t)2 * role] == 'Y'))
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
                expected = expected || (mask >> role & 1U && may[(size_t)2 * (size_t)role] == 'Y');
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
