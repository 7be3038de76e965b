using System.Text.RegularExpressions;

namespace Rlhf.Labeling;

/// <summary>
/// What the page draws clips with, as one script for pages of one file: reports and dashboards. It defines <c>Player</c>, which plays
/// <c>{ left, right, scene, framesPerSecond }</c> on two canvases; a clip is <c>{ frames, values, poses }</c> or <c>{ frames, pixels }</c>.
/// </summary>
public static partial class ClipScript
{
    private static readonly Lazy<string> Script = new(() => string.Join('\n', new[] { "clips.js", "scene.js", "player.js" }.Select(Read)));

    /// <summary>The script: modules one after the other, without their imports and exports.</summary>
    public static string Text => Script.Value;

    private static string Read(string name)
    {
        using var reader = new StreamReader(typeof(ClipScript).Assembly.GetManifestResourceStream(name)!);
        return ModuleWords().Replace(reader.ReadToEnd(), string.Empty);
    }

    [GeneratedRegex(@"^import .*;\r?\n|^export (?=const|class|function|async)", RegexOptions.Multiline)]
    private static partial Regex ModuleWords();
}
