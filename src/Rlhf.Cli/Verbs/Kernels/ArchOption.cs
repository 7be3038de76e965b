using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Rlhf.Kernels.Cuda.Evidence;

namespace Rlhf.Cli.Verbs.Kernels;

/// <summary>Architectures as <c>--arch</c> takes them: sm_80,sm_90.</summary>
internal static class ArchOption
{
    public static Option<int[]> Create(string description) => new("--arch")
    {
        Description = description, HelpName = "LIST", CustomParser = Architectures,
    };

    private static int[]? Architectures(ArgumentResult result)
    {
        List<int> found = [];
        foreach (string word in result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (!int.TryParse(word.StartsWith("sm_", StringComparison.Ordinal) ? word.AsSpan(3) : word, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                || !KernelReport.Architectures.Contains(number))
            {
                result.AddError($"--arch: {word}, expected some of {string.Join(",", KernelReport.Architectures.Select(known => $"sm_{known}"))}");
                return null;
            }

            found.Add(number);
        }

        return [.. found.Distinct()];
    }
}
