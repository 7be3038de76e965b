using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests.Browser;

/// <summary>Every kind of question, wide and narrow, light and dark: it fits its window, and its clips are not blank.</summary>
public sealed class PictureTests
{
    private const string Prompt = "In the past year, the people of this country have shown that they can meet any test.";

    [TestCase("clips", false, false)]
    [TestCase("clips", true, false)]
    [TestCase("clips", false, true)]
    [TestCase("frames", false, false)]
    [TestCase("frames", true, true)]
    [TestCase("texts", false, false)]
    [TestCase("texts", true, true)]
    [TestCase("vote", false, true)]
    [TestCase("ranking", false, false)]
    [TestCase("ranking", true, false)]
    [TestCase("demonstration", false, false)]
    [TestCase("demonstration", true, true)]
    public async Task Question_FitsItsWindow(string kind, bool phone, bool dark)
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        Add(host.Store, kind);
        await using LabelerPage labeler = await LabelerPage.OpenAsync(host, "Ada Lovelace", phone, dark);
        await labeler.ReadyAsync();
        await labeler.ShootAsync($"{kind}-{(phone ? "phone" : "desktop")}-{(dark ? "dark" : "light")}");
        Assert.That(await labeler.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out to the right");
        if (kind is "clips" or "frames")
        {
            Assert.That(await labeler.Page.EvaluateAsync<bool>("document.documentElement.scrollHeight <= innerHeight + 1"), "clips and buttons are in sight together");
            foreach (string side in new[] { "left", "right" })
                Assert.That(await ColoursAsync(labeler, side), Is.GreaterThan(2), $"{side} clip");
        }
    }

    private static void Add(PreferenceStore store, string kind)
    {
        switch (kind)
        {
            case "clips":
                Samples.AddPair(store, Samples.AddFigures(store), 1);
                break;
            case "frames":
                long run = store.AddRun(new PreferenceRun
                {
                    Name = "pong-2", Environment = "pong", Kind = RunKind.Frames, FramesPerSecond = 15, Instructions = "Getting the ball past the left paddle is best.",
                });
                store.AddQuery(new Query { RunId = run, Items = store.AddSegments([Samples.Game(run, 1), Samples.Game(run, 4)]) });
                break;
            case "texts":
                Samples.AddTextQuery(
                    store, Samples.AddTexts(store), QueryKind.TextPair, Prompt,
                    "They have built new schools, opened new roads, and kept the peace with every nation that wished to have it.",
                    "They have built new schools and closed old roads, and they kept the peace with all nations that wanted it, at home and abroad.");
                break;
            case "vote":
                Samples.AddTextQuery(
                    store, Samples.AddTexts(store), QueryKind.BlindVote, Prompt, "We thank them for it, and ask the Congress to act.", "We thank the the of Congress it.");
                break;
            case "ranking":
                Samples.AddTextQuery(
                    store, Samples.AddTexts(store), QueryKind.Ranking, Prompt,
                    "They have built new schools, opened new roads, and kept the peace.", "It is the duty of the Congress to see that this is so, and that it stays so.",
                    "And the and of a great people of the.", "We have much to be thankful for, and more to do.");
                break;
            default:
                Samples.AddTextQuery(store, Samples.AddTexts(store), QueryKind.Demonstration, Prompt, string.Empty);
                break;
        }
    }

    private static Task<int> ColoursAsync(LabelerPage labeler, string side) => labeler.Page.EvaluateAsync<int>(
        """
        side => {
          const canvas = document.querySelector(`canvas[data-side=${side}]`);
          const data = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
          return new Set(data).size;
        }
        """,
        side);
}
