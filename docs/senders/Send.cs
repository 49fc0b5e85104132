// Sends one document to the agent and does not stop before it has an answer that counts.
//   dotnet run -- FILE [CONTENT-TYPE] [http://127.0.0.1:8470]      (.NET 6 or later)
// Exit: 0 kept (stored, or known already), 1 refused (correct it), 2 put aside for a person.
// TILLRELAY_TOKEN is sent as a bearer token where it is set; TILLRELAY_TRIES bounds the repeats.
using System;
using System.IO;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Threading.Tasks;

static class Send
{
    static readonly HttpClient Client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };

    static async Task<int> Main(string[] args)
    {
        byte[] body = File.ReadAllBytes(args[0]);
        string type = args.Length > 1 ? args[1] : "application/json";
        string url = (args.Length > 2 ? args[2] : "http://127.0.0.1:8470") + "/v1/events";
        string token = Environment.GetEnvironmentVariable("TILLRELAY_TOKEN");
        if (!string.IsNullOrEmpty(token))
            Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        int.TryParse(Environment.GetEnvironmentVariable("TILLRELAY_TRIES"), out int tries);

        var wait = TimeSpan.FromSeconds(1);
        for (int attempt = 1; ; attempt++)
        {
            int status = 0; // no answer: nobody knows what became of it, so send the same again
            TimeSpan? asked = null;
            try
            {
                using var content = new ByteArrayContent(body);
                content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
                using HttpResponseMessage response = await Client.PostAsync(url, content);
                string answer = await response.Content.ReadAsStringAsync();
                status = (int)response.StatusCode;
                asked = response.Headers.RetryAfter?.Delta;
                if (status == 200)
                {
                    Console.WriteLine(answer);
                    using JsonDocument told = JsonDocument.Parse(answer);
                    if (told.RootElement.GetProperty("quarantined").GetInt32() == 0) return 0;
                    if (!told.RootElement.TryGetProperty("refused", out _))
                    {
                        Console.Error.WriteLine("put aside for a person: see ticket and reason above");
                        return 2;
                    }
                }
                if (status >= 400 && status < 500 && status != 408 && status != 429)
                {
                    Console.Error.WriteLine(answer);
                    return 1;
                }
            }
            catch (Exception error) when (error is HttpRequestException || error is TaskCanceledException
                                          || error is IOException)
            {
                Console.Error.WriteLine(error.Message);
            }
            if (tries > 0 && attempt >= tries)
            {
                Console.Error.WriteLine($"no answer that counts after {attempt} tries (last: {status})");
                return 3;
            }
            if (asked.HasValue) wait = asked.Value;
            Console.Error.WriteLine($"answer {status}, again in {wait.TotalSeconds} s");
            await Task.Delay(wait);
            wait = TimeSpan.FromSeconds(Math.Min(60, Math.Max(1, wait.TotalSeconds * 2)));
        }
    }
}
