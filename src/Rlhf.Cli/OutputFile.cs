using Rlhf.Models;

namespace Rlhf.Cli;

/// <summary>Result files that appear whole or not at all.</summary>
internal static class OutputFile
{
    /// <summary>Writes lines aside, flushes them to the disk and renames; what was there before stays until then.</summary>
    public static void WriteLines(string path, IEnumerable<string> lines)
    {
        string aside = $"{path}.tmp";
        try
        {
            using (StreamWriter writer = Open(aside, path))
            {
                foreach (string line in lines)
                    writer.WriteLine(line);
                writer.Flush();
                ((FileStream)writer.BaseStream).Flush(flushToDisk: true);
            }

            File.Move(aside, path, overwrite: true);
        }
        catch
        {
            File.Delete(aside);
            throw;
        }
    }

    private static StreamWriter Open(string aside, string path)
    {
        try
        {
            return new StreamWriter(aside);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataFormatException($"{path}: cannot be written", error);
        }
    }
}
