using System.Globalization;
using System.Text.RegularExpressions;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>What the PTX of one entry says.</summary>
/// <param name="WidestLoad">Bytes of the widest load of a thread from global memory, asynchronous copies included.</param>
/// <param name="WidestStore">Bytes of the widest store to global memory.</param>
/// <param name="FloatAtomics">Atomic operations on floating-point numbers, whose order of summation would be open.</param>
/// <param name="LocalAccesses">Loads and stores of local memory, and its declarations.</param>
/// <param name="MatrixProducts">mma instructions.</param>
internal readonly partial record struct PtxFacts(int WidestLoad, int WidestStore, int FloatAtomics, int LocalAccesses, int MatrixProducts)
{
    /// <summary>Facts by entry.</summary>
    public static Dictionary<string, PtxFacts> Read(string ptx)
    {
        Dictionary<string, PtxFacts> facts = [];
        string? entry = null;
        foreach (string line in ptx.Split('\n'))
        {
            if (EntryLine().Match(line) is { Success: true } match)
            {
                entry = match.Groups[1].Value;
                facts[entry] = default;
            }
            else if (line.StartsWith('}'))
            {
                entry = null;
            }
            else if (entry is not null && Instruction().Match(line) is { Success: true } instruction)
            {
                facts[entry] = facts[entry].With(instruction.Groups[1].Value.Split('.'), line);
            }
        }

        return facts;
    }

    /// <summary>Threads a block by the entry's launch bound; null where it has none.</summary>
    public static int? LaunchBound(string ptx, string entry)
    {
        Match match = Regex.Match(ptx, $@"\.entry\s+{Regex.Escape(entry)}\b[^{{]*?\.maxntid\s+(\d+)");
        return match.Success ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;
    }

    private PtxFacts With(string[] words, string line) => words[0] switch
    {
        "ld" when Reaches(words, "local") => this with { LocalAccesses = LocalAccesses + 1 },
        "st" when Reaches(words, "local") => this with { LocalAccesses = LocalAccesses + 1 },
        "" when words.Contains("local") => this with { LocalAccesses = LocalAccesses + 1 },
        "ld" when IsGlobal(words) => this with { WidestLoad = Math.Max(WidestLoad, Width(words)) },
        "st" when IsGlobal(words) => this with { WidestStore = Math.Max(WidestStore, Width(words)) },
        "cp" when Reaches(words, "async") && LastNumber().Match(line) is { Success: true } size =>
            this with { WidestLoad = Math.Max(WidestLoad, int.Parse(size.Groups[1].ValueSpan, CultureInfo.InvariantCulture)) },
        "atom" or "red" when words[^1] is ['f' or 'b', ..] and ("f16" or "f16x2" or "bf16" or "bf16x2" or "f32" or "f64") =>
            this with { FloatAtomics = FloatAtomics + 1 },
        "mma" or "wmma" => this with { MatrixProducts = MatrixProducts + 1 },
        _ => this,
    };

    private static bool Reaches(string[] words, string space) => words.Contains(space);

    // Without a space the address is generic, which in these kernels is global: shared memory is accessed by name.
    private static bool IsGlobal(string[] words) =>
        !words.Any(word => word is "param" or "shared" or "const" or "local" || word.StartsWith("shared::", StringComparison.Ordinal));

    private static int Width(string[] words)
    {
        string type = words[^1];
        int lanes = words.Contains("v4") ? 4 : words.Contains("v2") ? 2 : 1;
        return int.TryParse(type.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int bits) ? lanes * bits / 8 : 0;
    }

    [GeneratedRegex(@"\.entry\s+(\w+)")]
    private static partial Regex EntryLine();

    // The opcode with its modifiers, behind a predicate where there is one; a declaration begins with a dot.
    [GeneratedRegex(@"^\s*\{?\s*(?:@!?%\w+\s+)?((?:\w|\.)[\w.:]*)")]
    private static partial Regex Instruction();

    [GeneratedRegex(@"(\d+)\s*;")]
    private static partial Regex LastNumber();
}
