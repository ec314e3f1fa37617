import { assert, it } from "@effect/vitest"
import { columnsIn, project } from "../../src/sandbox/columns.ts"

it.each([
  ["Scrape title, price and rating of every book from", ["title", "price", "rating"]],
  ["Build a scraper for books: title, price and rating", ["title", "price", "rating"]],
  ["Collect all book titles and prices from it please", ["bookTitle", "price"]],
  [
    "Extract the product name, price, availability and image URL for each laptop on the page.",
    ["productName", "price", "availability", "imageUrl"]
  ],
  ["A list of companies with name, city, phone number & website", ["name", "city", "phoneNumber", "website"]],
  ["Scrape all products, with title and price, from the shop", ["title", "price"]],
  ["Columns: ISBN, publisher, number of pages.", ["isbn", "publisher", "pages"]]
])("a prompt asks for columns: %s", (prompt, expected) => {
  assert.deepStrictEqual(columnsIn(prompt), expected)
})

it.each(["Scrape every book of the shop", "Get the hotels and rooms of the city", "Titles: all of them"])(
  "a prompt asks for no columns: %s",
  (prompt) => {
    assert.isNull(columnsIn(prompt))
  }
)

it("a row has the columns that were asked for, with the values of the data set where it has them", () => {
  const row = { title: "The Last Atlas", price: 12.5, stockCount: 3, url: "https://books.example/1" }
  const made = project(row, ["bookTitle", "prices", "availability", "link", "shelf"], 1, 4)
  assert.deepStrictEqual(Object.keys(made), ["bookTitle", "prices", "availability", "link", "shelf"])
  assert.deepInclude(made, { bookTitle: row.title, prices: row.price, link: row.url, shelf: "shelf 5" })
  assert.isBoolean(made["availability"])
})
