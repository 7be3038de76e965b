using System.Runtime.InteropServices;

namespace Rlhf.Preferences.Exchange;

/// <summary>The three kinds of lines that a file of clips has.</summary>
internal static class ClipLines
{
    public sealed record Comparison(
        long First, long Second, Answer Answer, string Labeler, LabelerKind LabelerKind, long At, long Step, double? Predicted)
    {
        /// <summary>The same for both orders.</summary>
        public (long, long) Pair => (Math.Min(First, Second), Math.Max(First, Second));
    }

    public static PreferenceRun Run(JsonlLine line)
    {
        string type = line.Text("type");
        if (type != "run")
            throw line.Error("type", $"'{type}', expected 'run' on the first line");
        return new PreferenceRun
        {
            Name = line.NotEmpty("name"),
            Environment = line.Text("environment"),
            Kind = line.Named<RunKind>("kind"),
            Instructions = line.Text("instructions"),
            Scene = line.TextOr("scene", ""),
            FramesPerSecond = (int)line.Integer("fps"),
            Settings = line.TextOr("settings", "{}"),
        };
    }

    public static Segment Segment(JsonlLine line) => new()
    {
        Id = line.Integer("id"),
        RunId = 0,
        Step = line.Integer("step"),
        Length = (int)line.Integer("length"),
        ObservationShape = line.Integers("observation_shape"),
        Observations = Numbers<float>(line, "observations"),
        Actions = Numbers<float>(line, "actions"),
        States = Numbers<double>(line, "states"),
        Poses = Numbers<float>(line, "poses"),
    };

    public static Comparison ReadComparison(JsonlLine line, HashSet<long> segments)
    {
        long first = line.Integer("first"), second = line.Integer("second");
        foreach ((string field, long id) in new[] { ("first", first), ("second", second) })
        {
            if (!segments.Contains(id))
                throw line.Error(field, $"segment {id} does not stand before this line");
        }

        return new Comparison(
            first, second, line.Named<Answer>("answer"), line.NotEmpty("labeler"), line.Named<LabelerKind>("labeler_kind"),
            line.Time("at").ToUnixTimeMilliseconds(), line.Has("step") ? line.Integer("step") : 0, line.Real("predicted"));
    }

    private static T[] Numbers<T>(JsonlLine line, string field)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(line.Bytes(field, Marshal.SizeOf<T>())).ToArray();
}
