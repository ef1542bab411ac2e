/* The same questions to OpenSSL's X509_CRL, for comparison: how long a list takes to be read and its signature to be verified, what a
 * look-up costs, and what it keeps in memory. Compiled and run by `cargo xtask bench revocation` where a compiler and OpenSSL's headers
 * are there. Arguments: list, certificate of its issuer, serial numbers (one decimal number a line). */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned char *slurp(const char *path, long *length) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) return NULL;
    *length = ftell(file);
    rewind(file);
    unsigned char *bytes = malloc((size_t)*length);
    if (!bytes || fread(bytes, 1, (size_t)*length, file) != (size_t)*length) return NULL;
    fclose(file);
    return bytes;
}

static long resident_kib(void) {
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "VmRSS:", 6)) kib = atol(line + 6);
    if (file) fclose(file);
    return kib;
}

static int rising(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int count, char **words) {
    long length = 0, issuer_length = 0;
    if (count != 4) return 2;
    unsigned char *bytes = slurp(words[1], &length), *issuer_bytes = slurp(words[2], &issuer_length);
    if (!bytes || !issuer_bytes) return 2;
    const unsigned char *at = issuer_bytes;
    X509 *issuer = d2i_X509(NULL, &at, issuer_length);
    if (!issuer) return 2;
    long before = resident_kib();
    double begun = now();
    at = bytes;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, length);
    double parsed = now();
    if (!crl || X509_CRL_verify(crl, X509_get0_pubkey(issuer)) != 1) return 3;
    double verified = now();

    static ASN1_INTEGER *serials[2000000];
    size_t all = 0, found = 0;
    char line[64];
    FILE *file = fopen(words[3], "r");
    while (file && all < sizeof serials / sizeof *serials && fgets(line, sizeof line, file)) {
        serials[all] = ASN1_INTEGER_new();
        ASN1_INTEGER_set_uint64(serials[all++], strtoull(line, NULL, 10));
    }
    if (!all) return 2;
    X509_REVOKED *entry = NULL;
    double first = now();
    X509_CRL_get0_by_serial(crl, &entry, serials[0]); /* sorts the list */
    double sorted = now();
    static double each[20000];
    size_t batches = 0, batch = 100;
    for (size_t place = 0; place + batch <= all && batches < 20000; place += batch) {
        double start = now();
        for (size_t n = 0; n < batch; n++) found += X509_CRL_get0_by_serial(crl, &entry, serials[place + n]) == 1;
        each[batches++] = (now() - start) * 1e9 / (double)batch;
    }
    qsort(each, batches, sizeof *each, rising);
    printf("parse_ms %.3f\nverify_ms %.3f\nsort_ms %.3f\nlookup_ns %.3f\nfound %zu\nresident_kib %ld\n", (parsed - begun) * 1e3,
           (verified - parsed) * 1e3, (sorted - first) * 1e3, each[batches / 2], found, resident_kib() - before);
    return 0;
}
