using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Rlhf.Kernels.Cuda.Modules;

/// <summary>An image of one module, with the compiler's log.</summary>
public sealed partial class CompiledModule
{
    internal CompiledModule(string module, int architecture, ImageKind kind, byte[] image, string log)
    {
        Module = module;
        Architecture = architecture;
        Kind = kind;
        Image = image;
        Log = log;
        Entries = kind == ImageKind.Cubin ? ReadLog(log) : ReadPtx(image);
    }

    /// <summary>The module, e.g. "policy/ppo_clip_loss".</summary>
    public string Module { get; }

    /// <summary>The architecture that it is for.</summary>
    public int Architecture { get; }

    /// <summary>What <see cref="Image"/> is.</summary>
    public ImageKind Kind { get; }

    /// <summary>PTX text or a cubin.</summary>
    public ReadOnlyMemory<byte> Image { get; }

    /// <summary>What the compiler printed.</summary>
    public string Log { get; }

    /// <summary>Its entries, in the order of the log or of the text.</summary>
    public IReadOnlyList<CompiledEntry> Entries { get; }

    internal static CompiledEntry[] ReadLog(string log)
    {
        List<CompiledEntry> entries = [];
        foreach (string line in log.Split('\n'))
        {
            if (EntryLine().Match(line) is { Success: true } entry)
            {
                entries.Add(new CompiledEntry(entry.Groups[1].Value, 0, 0, 0, 0, 0));
            }
            else if (entries.Count > 0 && FrameLine().Match(line) is { Success: true } frame)
            {
                entries[^1] = entries[^1] with
                {
                    StackBytes = entries[^1].StackBytes + Number(frame, 1),
                    SpillStores = entries[^1].SpillStores + Number(frame, 2),
                    SpillLoads = entries[^1].SpillLoads + Number(frame, 3),
                };
            }
            else if (entries.Count > 0 && UsedLine().Match(line) is { Success: true } used)
            {
                Match shared = SharedPart().Match(line);
                entries[^1] = entries[^1] with { Registers = Number(used, 1), SharedBytes = shared.Success ? Number(shared, 1) : 0 };
            }
        }

        return [.. entries];
    }

    private static CompiledEntry[] ReadPtx(byte[] image) =>
        [.. PtxEntry().Matches(Encoding.UTF8.GetString(image)).Select(match => new CompiledEntry(match.Groups[1].Value, 0, 0, 0, 0, 0))];

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"Compiling entry function '(\w+)'")]
    private static partial Regex EntryLine();

    [GeneratedRegex(@"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")]
    private static partial Regex FrameLine();

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex UsedLine();

    [GeneratedRegex(@"(\d+) bytes smem")]
    private static partial Regex SharedPart();

    [GeneratedRegex(@"\.entry (\w+)")]
    private static partial Regex PtxEntry();
}
