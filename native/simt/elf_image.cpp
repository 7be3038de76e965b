#include "elf_image.h"

#include <elf.h>

#include <cstring>

#include "fault.h"

namespace rlhf_simt {
namespace {

constexpr unsigned char kHalfValue = 3, kSizedValue = 4;  // formats of .nv.info records
constexpr unsigned char kParameterBytes = 0x19;           // EIATTR_CBANK_PARAM_SIZE
constexpr unsigned char kRegisters = 0x2f;                // EIATTR_REGCOUNT: symbol, count
constexpr std::uint64_t kSystemShared = 1024;             // which sm_90 counts into the section

int parameter_bytes(const unsigned char* info, std::uint64_t bytes) {
    for (std::uint64_t at = 0; at + 4 <= bytes;) {
        std::uint16_t value;
        std::memcpy(&value, info + at + 2, sizeof(value));
        if (info[at] == kHalfValue && info[at + 1] == kParameterBytes) {
            return value;
        }
        at += info[at] == kSizedValue ? 4u + value : 4u;
    }
    return -1;
}

// From sm_90 on the count stands in .nv.info, before in the high byte of the section's info.
int register_count(const Elf64_Shdr& code, const unsigned char* info, std::uint64_t bytes) {
    std::uint32_t symbol = code.sh_info & 0xFFFFFF;
    for (std::uint64_t at = 0; at + 4 <= bytes;) {
        std::uint16_t size;
        std::memcpy(&size, info + at + 2, sizeof(size));
        if (info[at] == kSizedValue && info[at + 1] == kRegisters && size == 8) {
            std::uint32_t record[2];
            std::memcpy(record, info + at + 4, sizeof(record));
            if (record[0] == symbol) {
                return static_cast<int>(record[1]);
            }
        }
        at += info[at] == kSizedValue ? 4u + size : 4u;
    }
    return static_cast<int>(code.sh_info >> 24);
}

}  // namespace

Image read_cubin(const unsigned char* data, int architecture) {
    Image image;
    Elf64_Ehdr header;
    std::memcpy(&header, data, sizeof(header));
    int built_for = static_cast<int>(header.e_flags & 0xFF);
    bool fits = built_for / 10 == architecture / 10 && built_for <= architecture;
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shstrndx >= header.e_shnum) {
        image.status = CUDA_ERROR_INVALID_IMAGE;
        image.problem = "not a 64-bit ELF image";
        return image;
    }
    if (!fits) {
        image.status = CUDA_ERROR_NO_BINARY_FOR_GPU;
        image.problem = format("a cubin for sm_%d, the device is sm_%d", built_for, architecture);
        return image;
    }
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    std::memcpy(sections.data(), data + header.e_shoff, sections.size() * sizeof(Elf64_Shdr));
    const char* names = reinterpret_cast<const char*>(data + sections[header.e_shstrndx].sh_offset);
    auto find = [&](const std::string& name) -> const Elf64_Shdr* {
        for (const Elf64_Shdr& section : sections) {
            if (name == names + section.sh_name) {
                return &section;
            }
        }
        return nullptr;
    };
    for (const Elf64_Shdr& section : sections) {
        std::string name = names + section.sh_name;
        if (name.compare(0, 6, ".text.") != 0) {
            continue;
        }
        ImageEntry entry;
        entry.name = name.substr(6);
        const Elf64_Shdr* common = find(".nv.info");
        entry.registers = common != nullptr ? register_count(section, data + common->sh_offset, common->sh_size) : 0;
        const Elf64_Shdr* shared = find(".nv.shared." + entry.name);
        std::uint64_t system = built_for >= 90 ? kSystemShared : 0;
        entry.static_shared = shared != nullptr && shared->sh_size >= system ? static_cast<int>(shared->sh_size - system) : 0;
        const Elf64_Shdr* info = find(".nv.info." + entry.name);
        entry.param_bytes = info != nullptr ? parameter_bytes(data + info->sh_offset, info->sh_size) : -1;
        image.entries.push_back(entry);
    }
    return image;
}

}  // namespace rlhf_simt
