using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rlhf.Fixtures;

/// <summary>Results as a JSON array for machines: family, case, backend, status, worst_tensor, worst_error, tolerance; null where nothing was compared.</summary>
public static class CheckReport
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Writes the file aside and renames it: a reader sees all rows or none.</summary>
    public static void Write(string path, string backend, IEnumerable<CaseResult> results)
    {
        Row[] rows =
        [
            .. results.Select(result => new Row(
                result.Family,
                result.Case,
                backend,
                result.Status,
                result.Worst is { } worst ? worst.Name + worst.Index : null,
                result.Worst?.Error,
                result.Worst?.Allowed)),
        ];
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(directory))
            throw new FixtureException($"{path}: no such directory {directory}");
        string aside = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (FileStream stream = File.Create(aside))
            {
                JsonSerializer.Serialize(stream, rows, Options);
                stream.Flush(flushToDisk: true);
            }

            File.Move(aside, path, overwrite: true);
        }
        catch
        {
            File.Delete(aside);
            throw;
        }
    }

    private sealed record Row(
        string Family, string Case, string Backend, CaseStatus Status, string? WorstTensor, double? WorstError, double? Tolerance);
}
