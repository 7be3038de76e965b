using Rlhf.Models;
using Rlhf.Preferences;
using Rlhf.Training.Data;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>What a JSON Lines file of labels holds, by the words of <c>--kind</c>.</summary>
internal static class LabelFile
{
    public const string Preferences = "preferences", Rankings = "rankings", Demonstrations = "demonstrations", Clips = "clips", Questions = "questions";

    /// <summary>The kind of a file, by the fields of its first line.</summary>
    public static string Detect(string path)
    {
        foreach (JsonLine line in JsonLines.Read(path))
        {
            return line.Has("chosen") ? Preferences
                : line.Has("ranks") ? Rankings
                : line.Has("completion") ? Demonstrations
                : line.Has("prompt") ? Questions
                : line.Has("type") ? Clips
                : throw new DataFormatException(
                    $"{path}: line {line.Number}: none of the fields 'chosen', 'ranks', 'completion', 'prompt', 'type', expected labels or questions");
        }

        throw new DataFormatException($"{path}: no lines, the file is empty");
    }

    /// <summary>The kind of file that answers to such queries go to; null for blind votes, which are counted and not trained on.</summary>
    public static string? Of(QueryKind kind) => kind switch
    {
        QueryKind.TextPair => Preferences,
        QueryKind.Ranking => Rankings,
        QueryKind.Demonstration => Demonstrations,
        QueryKind.ClipPair => Clips,
        _ => null,
    };

    /// <summary>How many were left out and why; nothing where none was.</summary>
    public static string LeftOut(int count, string why) => count == 0 ? string.Empty : $", {count} left out ({why})";
}
