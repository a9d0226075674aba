#include "chat/picture/decoder/cage.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "chat/picture/decoder/protocol.h"

/* Sanitizers reserve terabytes of addresses and have system calls of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { HAS_SANITIZER = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { HAS_SANITIZER = 1 };
#else
enum { HAS_SANITIZER = 0 };
#endif
#else
enum { HAS_SANITIZER = 0 };
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "name this architecture for seccomp"
#endif

static int limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit value = {.rlim_cur = soft, .rlim_max = hard};

    return setrlimit((__rlimit_resource_t)resource, &value) < 0 ? -errno : 0;
}

int cage_limit(void)
{
    static const struct {
        int resource;
        rlim_t soft, hard;
    } limits[] = {
        {RLIMIT_CORE, 0, 0},                      /* an upload is nobody's to find in a core file */
        {RLIMIT_CPU, CAGE_CPU_S, CAGE_CPU_S + 1}, /* SIGXCPU, which the parent tells apart */
        {RLIMIT_FSIZE, DECODER_OUTPUT_MAX_BYTES, DECODER_OUTPUT_MAX_BYTES},
        {RLIMIT_NOFILE, CAGE_DESCRIPTORS, CAGE_DESCRIPTORS},
    };
    int err = HAS_SANITIZER ? 0 : limit(RLIMIT_AS, CAGE_MEMORY_BYTES, CAGE_MEMORY_BYTES);

    for (size_t i = 0; !err && i < JT_COUNT(limits); i++)
        err = limit(limits[i].resource, limits[i].soft, limits[i].hard);
    if (!err && (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_DUMPABLE, 0) ||
                 prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
        err = -errno;
    return err;
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
/* Equal: the next instruction; else one further. */
#define IF(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1)
#define ALLOW(name) IF(__NR_##name), RETURN(SECCOMP_RET_ALLOW)

/* Low half of the third argument: both architectures are little-endian, and no bit above is one. */
#define LOAD_PROTECTION LOAD(args[2])

int cage_close(void)
{
    struct sock_filter program[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        ALLOW(read),
        ALLOW(write),
        ALLOW(writev), /* how libc tells of a broken heap */
        ALLOW(close),
        ALLOW(brk),
        ALLOW(munmap),
        ALLOW(mremap),
        ALLOW(madvise),
        ALLOW(futex),
        ALLOW(getpid),
        ALLOW(gettid),
        ALLOW(tgkill), /* abort */
        ALLOW(rt_sigprocmask),
        ALLOW(rt_sigreturn),
        ALLOW(clock_gettime),
        ALLOW(getrandom),
        ALLOW(exit_group),
        IF(__NR_openat), /* translations, locales: done without */
        RETURN(SECCOMP_RET_ERRNO | EACCES),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap, 0, 3),
        LOAD_PROTECTION,
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),
        RETURN(SECCOMP_RET_ALLOW),
        RETURN(SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog filter = {.len = JT_COUNT(program), .filter = program};

    if (HAS_SANITIZER)
        return 0;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) ? -errno : 0;
}
