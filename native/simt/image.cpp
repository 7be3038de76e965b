#include "image.h"

#include <cstdlib>
#include <cstring>

#include "elf_image.h"
#include "fault.h"
#include "kernel.h"

namespace rlhf_simt {
namespace {

constexpr int kNewestPtx = 84;  // of the CUDA version that the driver claims

Image rejected(CUresult status, const std::string& problem) {
    Image image;
    image.status = status;
    image.problem = problem;
    return image;
}

std::string word_at(const std::string& text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_' || text[end] == '$')) {
        end++;
    }
    return text.substr(at, end - at);
}

std::size_t skip_space(const std::string& text, std::size_t at) {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at])) != 0) {
        at++;
    }
    return at;
}

// "7.8" as 78, "sm_90" as 90.
int directive(const std::string& text, const char* name) {
    std::size_t at = text.find(name);
    if (at == std::string::npos) {
        return -1;
    }
    at = skip_space(text, at + std::strlen(name));
    int number = 0;
    for (bool digits = false; at < text.size() && text[at] != '\n' && text[at] != ','; at++) {
        if (std::isdigit(static_cast<unsigned char>(text[at])) != 0) {
            number = number * 10 + (text[at] - '0');
            digits = true;
        } else if (digits && text[at] != '.') {
            break;
        }
    }
    return number;
}

int type_bytes(const std::string& parameter) {
    const char* wide[] = {"64", "32", "16", "8"};
    std::size_t at = parameter.find_first_not_of(" \t\n\r");
    for (const char* bits : wide) {
        for (const char* type : {".b", ".u", ".s", ".f"}) {
            if (parameter.find(std::string(type) + bits, at) != std::string::npos) {
                return std::atoi(bits) / 8;
            }
        }
    }
    return 0;
}

// ".param .align 8 .b8 name_param_0[64]"
int parameter_bytes(const std::string& list) {
    int total = 0;
    for (std::size_t at = list.find(".param"); at != std::string::npos; at = list.find(".param", at + 6)) {
        std::string one = list.substr(at + 6, list.find(".param", at + 6) - at - 6);
        std::size_t bracket = one.find('[');
        int bytes = bracket == std::string::npos ? type_bytes(one) : std::atoi(one.c_str() + bracket + 1);
        int alignment = bracket == std::string::npos ? bytes : 1;
        total = alignment > 0 ? (total + alignment - 1) / alignment * alignment + bytes : total;
    }
    return total;
}

struct SharedArray {
    std::string name;
    int bytes;
};

std::vector<SharedArray> shared_arrays(const std::string& text) {
    std::vector<SharedArray> arrays;
    for (std::size_t at = text.find(".shared "); at != std::string::npos; at = text.find(".shared ", at + 8)) {
        std::size_t line_start = text.rfind('\n', at) + 1, line_end = text.find('\n', at), bracket = text.find('[', at);
        bool declared = line_end != std::string::npos && bracket < line_end &&
                        text.substr(line_start, at - line_start).find(".extern") == std::string::npos;
        if (declared) {
            std::size_t name = text.rfind(' ', bracket) + 1;
            arrays.push_back({text.substr(name, bracket - name), std::atoi(text.c_str() + bracket + 1)});
        }
    }
    return arrays;
}

Image read_ptx(const std::string& text, int architecture) {
    int version = directive(text, ".version"), target = directive(text, ".target");
    if (version < 0 || target < 0) {
        return rejected(CUDA_ERROR_INVALID_IMAGE, "the image is neither a cubin nor PTX");
    }
    if (version > kNewestPtx) {
        return rejected(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, format("PTX ISA %d.%d, the driver reads up to %d.%d", version / 10,
                                                                   version % 10, kNewestPtx / 10, kNewestPtx % 10));
    }
    if (target > architecture) {
        return rejected(CUDA_ERROR_INVALID_PTX, format("PTX for sm_%d, the device is sm_%d", target, architecture));
    }
    Image image;
    std::vector<SharedArray> arrays = shared_arrays(text);
    for (std::size_t at = text.find(".entry"); at != std::string::npos;) {
        std::size_t after = text.find(".entry", at + 6);
        ImageEntry entry;
        std::size_t name = skip_space(text, at + 6);
        entry.name = word_at(text, name);
        std::size_t open = text.find('(', name), close = text.find(')', name), body = text.find('{', name);
        if (entry.name.empty() || body == std::string::npos) {
            return rejected(CUDA_ERROR_INVALID_PTX, "an .entry without name or body");
        }
        entry.param_bytes = open < body && close < body ? parameter_bytes(text.substr(open, close - open)) : 0;
        entry.static_shared = 0;
        std::string code = text.substr(body, after == std::string::npos ? after : after - body);
        for (const SharedArray& array : arrays) {
            if (code.find(array.name) != std::string::npos) {
                entry.static_shared = (entry.static_shared + 15) / 16 * 16 + array.bytes;
            }
        }
        image.entries.push_back(entry);
        at = after;
    }
    return image;
}

}  // namespace

Image read_image(const void* data, int architecture) {
    if (data == nullptr) {
        return rejected(CUDA_ERROR_INVALID_VALUE, "no image");
    }
    Image image;
    if (std::memcmp(data, "\177ELF", 4) == 0) {
        image = read_cubin(static_cast<const unsigned char*>(data), architecture);
    } else {
        std::string text(static_cast<const char*>(data));
        if (text.compare(0, 11, "//rlhf-simt") == 0) {
            for (Kernel* kernel : kernels()) {
                ImageEntry entry;
                entry.name = kernel->entry.name;
                image.entries.push_back(entry);
            }
            return image;
        }
        image = read_ptx(text, architecture);
    }
    for (const ImageEntry& entry : image.entries) {
        const Kernel* kernel = find_kernel(entry.name);
        if (kernel == nullptr) {
            return rejected(CUDA_ERROR_INVALID_IMAGE, format("%s was not compiled into the emulator", entry.name.c_str()));
        }
        if (entry.param_bytes >= 0 && entry.param_bytes != static_cast<int>(kernel->entry.param_bytes)) {
            return rejected(CUDA_ERROR_INVALID_IMAGE, format("%s takes %d bytes of parameters in the image, %u in the emulator",
                                                             entry.name.c_str(), entry.param_bytes, kernel->entry.param_bytes));
        }
    }
    return image;
}

}  // namespace rlhf_simt
