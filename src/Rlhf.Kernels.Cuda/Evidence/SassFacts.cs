using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>What the machine code of one entry says, where the toolkit's cuobjdump is on the path.</summary>
/// <param name="WidestLoad">Bytes of the widest load from global memory.</param>
/// <param name="LocalAccesses">LDL and STL instructions.</param>
/// <param name="MatrixProducts">Instructions of tensor cores.</param>
internal readonly partial record struct SassFacts(int WidestLoad, int LocalAccesses, int MatrixProducts)
{
    private const string Disassembler = "cuobjdump";

    /// <summary>Facts by entry; null without a disassembler.</summary>
    public static Dictionary<string, SassFacts>? OfCubin(ReadOnlyMemory<byte> cubin)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, cubin.ToArray());
            using Process? process = Process.Start(new ProcessStartInfo(Disassembler, ["-sass", file]) { RedirectStandardOutput = true, RedirectStandardError = true });
            return process is null ? null : Read(process.StandardOutput.ReadToEnd());
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException)
        {
            return null;
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Facts by entry from a disassembler's text.</summary>
    public static Dictionary<string, SassFacts> Read(string sass)
    {
        Dictionary<string, SassFacts> facts = [];
        string? entry = null;
        foreach (string line in sass.Split('\n'))
        {
            if (FunctionLine().Match(line) is { Success: true } function)
            {
                entry = function.Groups[1].Value;
                facts[entry] = default;
            }
            else if (entry is not null && Opcode().Match(line) is { Success: true } opcode)
            {
                string[] words = opcode.Groups[1].Value.Split('.');
                SassFacts before = facts[entry];
                facts[entry] = words[0] switch
                {
                    "LDG" or "LDGSTS" or "LD" => before with { WidestLoad = Math.Max(before.WidestLoad, Width(words)) },
                    "LDL" or "STL" => before with { LocalAccesses = before.LocalAccesses + 1 },
                    "HMMA" or "IMMA" or "DMMA" => before with { MatrixProducts = before.MatrixProducts + 1 },
                    _ => before,
                };
            }
        }

        return facts;
    }

    private static int Width(string[] words) =>
        words.Contains("128") ? 16 : words.Contains("64") ? 8 : words.Contains("U8") || words.Contains("S8") ? 1 : words.Contains("U16") || words.Contains("S16") ? 2 : 4;

    [GeneratedRegex(@"Function\s*:\s*(\w+)")]
    private static partial Regex FunctionLine();

    [GeneratedRegex(@"/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9.]*)")]
    private static partial Regex Opcode();
}
